/* Text inside XML and HTML. */
#ifndef TOUCHSTONE_REPORT_XML_H
#define TOUCHSTONE_REPORT_XML_H

#include "base/text.h"

/* Appends text with <, >, &, quotes escaped; what XML 1.0 can't hold becomes U+FFFD. */
void ts_xml_append(ts_text *out, const char *text);

#endif
