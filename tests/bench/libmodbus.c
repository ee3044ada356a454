/* libmodbus as an RTU server in one process with its client, over a socketpair: prints "registers nanoseconds". */
#define _GNU_SOURCE
#include <errno.h>
#include <modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint16_t crc(const uint8_t *bytes, int n)
{
    uint16_t c = 0xFFFF;
    while (n--) {
        c ^= *bytes++;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? (c >> 1) ^ 0xA001 : c >> 1;
    }
    return c;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

int main(void)
{
    static const int counts[] = { 2, 50, 125 };
    int pair[2];
    /* The device is never opened: the context speaks over the descriptor we give it. */
    modbus_t *ctx = modbus_new_rtu("/dev/null", 9600, 'E', 8, 1);
    modbus_mapping_t *map = modbus_mapping_new(0, 0, 256, 0);
    if (!ctx || !map || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        fprintf(stderr, "libmodbus: %s\n", strerror(errno));
        return 1;
    }
    modbus_set_slave(ctx, 1);
    modbus_set_socket(ctx, pair[0]);
    for (int i = 0; i < 256; i++)
        map->tab_registers[i] = (uint16_t)(i * 257);
    for (unsigned k = 0; k < sizeof counts / sizeof *counts; k++) {
        uint8_t request[8] = { 1, 3, 0, 0, 0, (uint8_t)counts[k] }, query[MODBUS_RTU_MAX_ADU_LENGTH], answer[300];
        uint16_t c = crc(request, 6);
        request[6] = c & 0xFF;
        request[7] = c >> 8;
        long steps = 0;
        double start = seconds(), now;
        do {
            for (int i = 0; i < 500; i++) {
                int wanted = 5 + 2 * counts[k], got = 0;
                if (write(pair[1], request, sizeof request) != sizeof request)
                    return 1;
                int n = modbus_receive(ctx, query);
                if (n <= 0 || modbus_reply(ctx, query, n, map) < 0)
                    return 1;
                while (got < wanted) {
                    int r = read(pair[1], answer + got, sizeof answer - got);
                    if (r <= 0)
                        return 1;
                    got += r;
                }
                steps++;
            }
            now = seconds();
        } while (now - start < 1.0);
        printf("%d %.0f\n", counts[k], (now - start) * 1e9 / steps);
    }
    modbus_mapping_free(map);
    modbus_free(ctx);
    return 0;
}
