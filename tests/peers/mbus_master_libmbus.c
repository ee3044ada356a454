/* An M-Bus master made of libmbus: does the steps given and prints one JSON object for each (see README.md).
 *
 * usage: mbus_master_libmbus tcp HOST:PORT STEP...
 *        mbus_master_libmbus pty DEVICE:BAUD STEP...
 *
 * Built as decode_libmbus.c is. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mbus-protocol-aux.h"
#include "mbus-protocol.h"
#include "mbus-serial.h"
#include "mbus-tcp.h"

static int failed;
static FILE *said;
static int found;
static char selected[32];

static void error(const char *step, const char *why) {
    fprintf(said, "{\"step\": \"%s\", \"error\": \"%s\"}\n", step, why);
    failed = 1;
}

/* Who speaks, the access number, status and the values of a telegram in basic units. */
static void telegram(const char *step, mbus_frame *frame) {
    mbus_frame_data *data = mbus_frame_data_new();
    if (mbus_frame_data_parse(frame, data) != 0 || data->type != MBUS_DATA_TYPE_VARIABLE) {
        error(step, mbus_error_str());
    } else {
        char *secondary = mbus_frame_get_secondary_address(frame);
        fprintf(said, "{\"step\": \"%s\", \"from\": %d, \"secondary\": \"%s\", \"access\": %d, \"status\": %d, \"values\": [",
                step, frame->address, secondary ? secondary : "", data->data_var.header.access_no, data->data_var.header.status);
        for (mbus_data_record *raw = data->data_var.record; raw; raw = raw->next) {
            mbus_record *record = mbus_parse_variable_record(raw);
            if (record && record->is_numeric) fprintf(said, "%.10g", record->value.real_val);
            else fprintf(said, "null");
            if (raw->next) fprintf(said, ", ");
            if (record) mbus_record_free(record);
        }
        fprintf(said, "]}\n");
    }
    mbus_frame_data_free(data);
}

static void read_meter(mbus_handle *handle, const char *step, int address) {
    mbus_frame reply;
    memset(&reply, 0, sizeof reply);
    if (mbus_send_request_frame(handle, address) != 0 || mbus_recv_frame(handle, &reply) != MBUS_RECV_RESULT_OK) {
        fprintf(said, "{\"step\": \"%s\", \"silence\": true}\n", step);
        return;
    }
    telegram(step, &reply);
}

/* An E5 is 1, anything else 0. */
static int acknowledged(mbus_handle *handle) {
    mbus_frame reply;
    memset(&reply, 0, sizeof reply);
    return mbus_recv_frame(handle, &reply) == MBUS_RECV_RESULT_OK && mbus_frame_type(&reply) == MBUS_FRAME_TYPE_ACK;
}

static void heard(mbus_handle *handle, mbus_frame *frame) {
    (void)handle;
    char *secondary = mbus_frame_get_secondary_address(frame);
    fprintf(said, "%s\"%s\"", found++ ? ", " : "", secondary ? secondary : "");
}

static void step(mbus_handle *handle, const char *whole) {
    char copy[64];
    snprintf(copy, sizeof copy, "%s", whole);
    char *action = strtok(copy, ":"), *first = strtok(NULL, ":"), *second = strtok(NULL, ":"), *third = strtok(NULL, ":");
    if (!action) return;
    if (!strcmp(action, "ping") && first) {
        mbus_send_ping_frame(handle, atoi(first), 0);
        fprintf(said, "{\"step\": \"%s\", \"acknowledged\": %d}\n", whole, acknowledged(handle));
    } else if (!strcmp(action, "read") && first) {
        read_meter(handle, whole, atoi(first));
    } else if (!strcmp(action, "multi") && first) {
        mbus_frame reply;
        memset(&reply, 0, sizeof reply);
        if (mbus_sendrecv_request(handle, atoi(first), &reply, 16) != 0) {
            error(whole, "no answer");
            return;
        }
        int telegrams = 0;
        for (mbus_frame *frame = &reply; frame; frame = frame->next) telegrams++;
        fprintf(said, "{\"step\": \"%s\", \"telegrams\": %d}\n", whole, telegrams);
    } else if (!strcmp(action, "scan") && first && second) {
        fprintf(said, "{\"step\": \"%s\", \"answered\": [", whole);
        const char *between = "";
        for (int address = atoi(first); address <= atoi(second); address++) {
            mbus_send_ping_frame(handle, address, 0);
            if (acknowledged(handle)) {
                fprintf(said, "%s%d", between, address);
                between = ", ";
            }
        }
        fprintf(said, "]}\n");
    } else if (!strcmp(action, "select") && first) {
        static const char *const words[] = {"nothing", "single", "collision"};
        int probe = mbus_select_secondary_address(handle, first);
        fprintf(said, "{\"step\": \"%s\", \"selected\": \"%s\"}\n", whole, probe >= 0 && probe <= 2 ? words[probe] : "error");
    } else if (!strcmp(action, "search")) {
        char mask[17];
        snprintf(mask, sizeof mask, "%s", first ? first : "FFFFFFFFFFFFFFFF");
        found = 0;
        fprintf(said, "{\"step\": \"%s\", \"found\": [", whole);
        mbus_register_found_event(handle, heard);
        mbus_scan_2nd_address_range(handle, 0, mask);
        fprintf(said, "]}\n");
    } else if (!strcmp(action, "address") && first && second) {
        if (mbus_set_primary_address(handle, atoi(first), atoi(second)) != 0) {
            error(whole, "not sent");
            return;
        }
        fprintf(said, "{\"step\": \"%s\", \"acknowledged\": %d}\n", whole, acknowledged(handle));
    } else if (!strcmp(action, "baud") && first && second) {
        mbus_send_switch_baudrate_frame(handle, atoi(first), atol(second));
        int good = acknowledged(handle);
        fprintf(said, "{\"step\": \"%s\", \"acknowledged\": %d}\n", whole, good);
        if (good && handle->is_serial) mbus_serial_set_baudrate(handle, atol(second));
    } else if (!strcmp(action, "reset") && first) {
        mbus_send_application_reset_frame(handle, atoi(first), second ? atoi(second) : -1);
        fprintf(said, "{\"step\": \"%s\", \"acknowledged\": %d}\n", whole, acknowledged(handle));
    } else if (!strcmp(action, "send") && first && second && third) {
        mbus_frame *frame = mbus_frame_new(MBUS_FRAME_TYPE_LONG);
        frame->control = MBUS_CONTROL_MASK_SND_UD | MBUS_CONTROL_MASK_DIR_M2S;
        frame->address = atoi(first);
        frame->control_information = strtol(second, NULL, 16);
        frame->data_size = mbus_hex2bin(frame->data, sizeof frame->data, (unsigned char *)third, strlen(third));
        mbus_send_frame(handle, frame);
        mbus_frame_free(frame);
        fprintf(said, "{\"step\": \"%s\", \"acknowledged\": %d}\n", whole, acknowledged(handle));
    } else {
        error(whole, "is none of ping, read, multi, scan, select, search, address, baud, reset, send");
    }
    fflush(said);
}

int main(int argc, char **argv) {
    char *mark = argc > 3 ? strrchr(argv[2], ':') : NULL;
    if (!mark) {
        fprintf(stderr, "usage: mbus_master_libmbus tcp HOST:PORT STEP... | pty DEVICE:BAUD STEP...\n");
        return 2;
    }
    *mark = 0;
    /* The library prints what it thinks; only our lines go out. */
    said = fdopen(dup(1), "w");
    dup2(open("/dev/null", O_WRONLY), 1);
    int tcp = !strcmp(argv[1], "tcp");
    mbus_handle *handle = tcp ? mbus_context_tcp(argv[2], (uint16_t)atoi(mark + 1)) : mbus_context_serial(argv[2]);
    const char *patience = getenv("PATIENCE");
    if (tcp) mbus_tcp_set_timeout_set(patience ? atof(patience) : 0.3);
    if (!handle || mbus_connect(handle) != 0 || (!tcp && mbus_serial_set_baudrate(handle, atol(mark + 1)) != 0)) {
        fprintf(stderr, "%s cannot be opened: %s\n", argv[2], mbus_error_str());
        return 2;
    }
    mbus_context_set_option(handle, MBUS_OPTION_MAX_SEARCH_RETRY, 0);
    for (int i = 3; i < argc; i++) step(handle, argv[i]);
    mbus_disconnect(handle);
    mbus_context_free(handle);
    return failed;
}
