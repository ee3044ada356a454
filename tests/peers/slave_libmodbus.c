/* A Modbus slave made of libmodbus that holds registers from 4000h to 60FFh (see README.md).
 *
 * usage: slave_libmodbus DEVICE:BAUD UNIT ADDRESS=WORD...      numbers as C reads them
 *
 * Prints "ready DEVICE" when it answers. Ends when it is told to.
 * cc -Wall -Wextra slave_libmodbus.c $(pkg-config --cflags --libs libmodbus) -o slave_libmodbus */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 0x4000, COUNT = 0x2100 };

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(2);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        fail("usage: slave_libmodbus DEVICE:BAUD UNIT ADDRESS=WORD...");
    char *baud = strrchr(argv[1], ':');
    if (baud == NULL)
        fail("the speed is missing behind the device");
    *baud++ = '\0';
    modbus_t *line = modbus_new_rtu(argv[1], atoi(baud), 'N', 8, 1);
    modbus_mapping_t *map = modbus_mapping_new_start_address(0, 0, 0, 0, FIRST, COUNT, 0, 0);
    if (line == NULL || map == NULL || modbus_set_slave(line, atoi(argv[2])) != 0)
        fail(modbus_strerror(errno));
    for (int i = 3; i < argc; i++) {
        char *word = strchr(argv[i], '=');
        long address = strtol(argv[i], NULL, 0);
        if (word == NULL || address < FIRST || address >= FIRST + COUNT)
            fail("an ADDRESS=WORD lies outside 4000h to 60FFh");
        map->tab_registers[address - FIRST] = (uint16_t)strtol(word + 1, NULL, 0);
    }
    if (modbus_connect(line) != 0)
        fail(modbus_strerror(errno));
    printf("ready %s\n", argv[1]);
    fflush(stdout);
    for (;;) {
        uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
        int length = modbus_receive(line, query);
        /* What is broken or for others is no reason to end. */
        if (length > 0)
            modbus_reply(line, query, length, map);
    }
}
