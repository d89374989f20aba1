/* The Date field: IMF-fixdate of RFC 9110, section 5.6.7. */
#include "http/outgoing_message_internal.h"

#include <stdio.h>

/* The civil date of a day number (days since 1970-01-01), after H. Hinnant's days-from-civil. */
static void civil_of_days(int64_t days, int64_t *year, unsigned *month, unsigned *day) {
    int64_t shifted = days + 719468; /* since 0000-03-01 */
    int64_t era = shifted / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    *month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    *year = (int64_t)year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

nh_bytes nh_http_date_line(nh_loop *loop) {
    static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    /* The text depends on nothing but the second, so one memo a thread serves every loop. */
    static _Thread_local uint64_t known_second = UINT64_MAX;
    static _Thread_local char text[64];
    static _Thread_local size_t length;
    uint64_t second = nh_loop_wall_clock_ms(loop) / 1000;
    if (second != known_second) {
        uint64_t days = second / 86400;
        unsigned of_day = (unsigned)(second % 86400);
        int64_t year;
        unsigned month;
        unsigned day;
        civil_of_days((int64_t)days, &year, &month, &day);
        int written = snprintf(text, sizeof(text), "Date: %s, %02u %s %04u %02u:%02u:%02u GMT\r\n",
                               day_names[(days + 4) % 7], day, month_names[month - 1],
                               (unsigned)year, of_day / 3600, of_day / 60 % 60, of_day % 60);
        length = written > 0 ? (size_t)written : 0;
        known_second = second;
    }
    return nh_bytes_of(text, length);
}
