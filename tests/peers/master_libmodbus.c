/* A Modbus master made of libmodbus: does the steps given and prints one JSON object for each (see README.md).
 *
 * usage: master_libmodbus tcp HOST:PORT UNIT STEP...
 *        master_libmodbus rtu DEVICE:BAUD:PARITY UNIT STEP...     PARITY N, E or O
 *
 * cc -Wall -Wextra master_libmodbus.c $(pkg-config --cflags --libs libmodbus) -o master_libmodbus */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(2);
}

/* Cuts `text` at the last `mark`; gives what stands behind it. */
static char *behind_last(char *text, char mark)
{
    char *found = strrchr(text, mark);
    if (found == NULL)
        fail("a part is missing in the address or in a step");
    *found = '\0';
    return found + 1;
}

static modbus_t *connect_to(const char *kind, char *where)
{
    if (strcmp(kind, "tcp") == 0) {
        char *port = behind_last(where, ':');
        return modbus_new_tcp(where, atoi(port));
    }
    if (strcmp(kind, "rtu") == 0) {
        char *parity = behind_last(where, ':');
        char *baud = behind_last(where, ':');
        return modbus_new_rtu(where, atoi(baud), parity[0], 8, 1);
    }
    fail("the first word is tcp or rtu");
    return NULL;
}

/* libmodbus reports exception n as errno MODBUS_ENOBASE + n. Gives whether the step had an answer at all. */
static int print_refusal(const char *step)
{
    int code = errno - MODBUS_ENOBASE;
    if (code >= 1 && code < MODBUS_EXCEPTION_MAX) {
        printf("{\"step\": \"%s\", \"exception\": %d}\n", step, code);
        return 1;
    }
    printf("{\"step\": \"%s\", \"error\": \"%s\"}\n", step, modbus_strerror(errno));
    return 0;
}

static int do_step(modbus_t *master, const char *step)
{
    char words[1024];
    uint16_t values[MODBUS_MAX_READ_REGISTERS];
    if (strlen(step) >= sizeof words)
        fail("a step is too long");
    strcpy(words, step);
    char *argument = behind_last(words, ':');
    int address = (int)strtol(behind_last(words, ':'), NULL, 0);

    if (strcmp(words, "read") == 0) {
        int count = (int)strtol(argument, NULL, 0);
        if (modbus_read_registers(master, address, count, values) < 0)
            return print_refusal(step);
        printf("{\"step\": \"%s\", \"registers\": [", step);
        for (int i = 0; i < count; i++)
            printf("%s%u", i == 0 ? "" : ", ", values[i]);
        printf("]}\n");
        return 1;
    }
    int count = 0;
    if (strcmp(words, "write") == 0) {
        count = modbus_write_register(master, address, (uint16_t)strtol(argument, NULL, 0));
    } else if (strcmp(words, "write-many") == 0) {
        int given = 0;
        for (char *word = strtok(argument, ","); word != NULL; word = strtok(NULL, ",")) {
            if (given == MODBUS_MAX_WRITE_REGISTERS)
                fail("too many values in a step");
            values[given++] = (uint16_t)strtol(word, NULL, 0);
        }
        count = modbus_write_registers(master, address, given, values);
    } else {
        fail("a step is read, write or write-many");
    }
    if (count < 0)
        return print_refusal(step);
    printf("{\"step\": \"%s\", \"written\": %d}\n", step, count);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        fail("usage: master_libmodbus tcp|rtu WHERE UNIT STEP...");
    modbus_t *master = connect_to(argv[1], argv[2]);
    if (master == NULL || modbus_set_slave(master, atoi(argv[3])) < 0 || modbus_connect(master) < 0)
        fail(modbus_strerror(errno));
    modbus_set_response_timeout(master, 2, 0);
    int answered = 1;
    for (int i = 4; i < argc; i++) {
        answered &= do_step(master, argv[i]);
        fflush(stdout);
    }
    modbus_close(master);
    modbus_free(master);
    return answered ? 0 : 1;
}
