/* Decodes telegrams with libmbus.
 *
 * usage: decode_libmbus FILE            each record with its value in basic units, one line each
 *        decode_libmbus FILE time       how long a telegram takes, records and values and units
 *
 * FILE has a telegram a line: name, source, frame in hexadecimal; lines with # are left out. Lines of the answer:
 *   telegram NAME RECORDS               -1 where libmbus refuses the frame
 *   record STORAGE TARIFF SUBUNIT VALUE UNIT    VALUE is "-" where the record is no number
 *   ns WHAT NANOSECONDS                 of processor time a telegram, median of nine runs
 *
 * cc -O2 -w -I LIBMBUS decode_libmbus.c LIBMBUS/mbus-protocol.c LIBMBUS/mbus-protocol-aux.c LIBMBUS/mbus-serial.c
 *    LIBMBUS/mbus-tcp.c LIBMBUS/mbus.c -lm, where LIBMBUS is the folder with its sources. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mbus-protocol-aux.h"
#include "mbus-protocol.h"

#define MOST 256

static struct {
    char name[64];
    unsigned char bytes[261];
    size_t length;
} telegrams[MOST];
static int count;

static void load(const char *path) {
    static char line[1024], hex[1024];
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        exit(2);
    }
    while (count < MOST && fgets(line, sizeof line, file)) {
        if (line[0] == '#' || sscanf(line, "%63s %*s %1023s", telegrams[count].name, hex) != 2) continue;
        size_t length = strlen(hex) / 2;
        for (size_t i = 0; i < length && i < sizeof telegrams[0].bytes; i++) {
            char two[3] = {hex[2 * i], hex[2 * i + 1], 0};
            telegrams[count].bytes[i] = (unsigned char)strtoul(two, NULL, 16);
        }
        telegrams[count++].length = length;
    }
    fclose(file);
}

/* The number of records, -1 for a frame that is refused. A fixed structure counts as two. */
static int decode(int index, int say, int values) {
    mbus_frame *frame = mbus_frame_new(MBUS_FRAME_TYPE_LONG);
    mbus_frame_data *data = mbus_frame_data_new();
    int records = -1;
    if (mbus_parse(frame, telegrams[index].bytes, telegrams[index].length) == 0 && mbus_frame_data_parse(frame, data) == 0) {
        records = 0;
        if (data->type == MBUS_DATA_TYPE_VARIABLE) {
            for (mbus_data_record *raw = data->data_var.record; raw; raw = raw->next) {
                records++;
                if (!values) continue;
                mbus_record *record = mbus_parse_variable_record(raw);
                if (say) {
                    if (record && record->is_numeric)
                        printf("record %ld %ld %d %.17g %s\n", record->storage_number, record->tariff, record->device,
                               record->value.real_val, record->unit && *record->unit ? record->unit : "-");
                    else
                        printf("record %ld %ld %d - -\n", record ? record->storage_number : -1,
                               record ? record->tariff : -1, record ? record->device : -1);
                }
                if (record) mbus_record_free(record);
            }
        } else {
            records = 2;
        }
    }
    mbus_frame_data_free(data);
    mbus_frame_free(frame);
    return records;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int rising(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double nanoseconds(int values) {
    double runs[9];
    for (int run = 0; run < 9; run++) {
        double start = now();
        long done = 0;
        do {
            for (int turn = 0; turn < 10; turn++)
                for (int i = 0; i < count; i++) decode(i, 0, values);
            done += 10L * count;
        } while (now() - start < 0.2);
        runs[run] = (now() - start) * 1e9 / done;
    }
    qsort(runs, 9, sizeof *runs, rising);
    return runs[4];
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: decode_libmbus FILE [time]\n");
        return 2;
    }
    load(argv[1]);
    if (argc > 2) {
        /* The library talks about values it does not like; while timing, to nobody. */
        int out = dup(1), err = dup(2), nobody = open("/dev/null", O_WRONLY);
        dup2(nobody, 1);
        dup2(nobody, 2);
        double list = nanoseconds(0), values = nanoseconds(1);
        fflush(stdout);
        dup2(out, 1);
        dup2(err, 2);
        printf("ns records %.1f\nns values %.1f\n", list, values);
        return 0;
    }
    for (int i = 0; i < count; i++) {
        printf("telegram %s %d\n", telegrams[i].name, decode(i, 0, 0));
        decode(i, 1, 1);
    }
    return 0;
}
