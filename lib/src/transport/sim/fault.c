/* Faults: the n-th occurrence of an operation fails. */
#include "transport/sim/internal.h"

typedef struct sim_fault_entry {
    sim_node faults;                  /* in simulator->faults */
    const sim_connection *connection; /* NULL: any */
    nh_simulator_operation operation;
    uint64_t left; /* occurrences up to and with the one that fails */
    int status;
} sim_fault_entry;

int nh_simulator_fail(nh_transport *transport, nh_connection *connection,
                      nh_simulator_operation operation, uint64_t nth, int status) {
    sim_simulator *simulator = sim_simulator_of(transport);
    if (nth == 0 || status >= 0) {
        return -EINVAL;
    }
    sim_fault_entry *entry = nh_memory_allocate_zeroed(simulator->memory, 1, sizeof *entry);
    if (entry == NULL) {
        return -ENOMEM;
    }
    entry->connection = connection == NULL ? NULL : sim_connection_of(connection);
    entry->operation = operation;
    entry->left = nth;
    entry->status = status;
    sim_list_append(&simulator->faults, &entry->faults);
    return 0;
}

static void free_entry(sim_simulator *simulator, sim_fault_entry *entry) {
    sim_list_remove(&entry->faults);
    nh_memory_free(simulator->memory, entry);
}

void nh_simulator_clear_faults(nh_transport *transport) {
    sim_simulator *simulator = sim_simulator_of(transport);
    while (!sim_list_is_empty(&simulator->faults)) {
        free_entry(simulator, SIM_OWNER(simulator->faults.next, sim_fault_entry, faults));
    }
}

int sim_fault(sim_simulator *simulator, const sim_connection *connection,
              nh_simulator_operation operation) {
    int status = 0;
    sim_node *node = simulator->faults.next;
    while (node != &simulator->faults) {
        sim_fault_entry *entry = SIM_OWNER(node, sim_fault_entry, faults);
        node = node->next;
        bool matches = entry->operation == operation &&
                       (entry->connection == NULL || entry->connection == connection);
        if (matches && --entry->left == 0) {
            status = status == 0 ? entry->status : status;
            free_entry(simulator, entry);
        }
    }
    return status;
}

void sim_faults_forget(sim_simulator *simulator, const sim_connection *connection) {
    sim_node *node = simulator->faults.next;
    while (node != &simulator->faults) {
        sim_fault_entry *entry = SIM_OWNER(node, sim_fault_entry, faults);
        node = node->next;
        if (entry->connection == connection) {
            free_entry(simulator, entry);
        }
    }
}
