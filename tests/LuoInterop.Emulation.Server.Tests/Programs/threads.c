/* Eight threads make sessions through one descriptor of the device at once. */
#include "luo.h"

#include <pthread.h>

#define THREADS 8
#define ROUNDS 60

static int device;
static int kept[THREADS];

static void *work(void *argument)
{
    long number = (long)argument;
    char name[64];
    for (int round = 0; round < ROUNDS; round++) {
        struct named_session call = { .size = sizeof(call) };
        snprintf(name, sizeof(name), "thread-%ld-%d", number, round);
        int session = must(create_session(device, name), "CREATE_SESSION");
        int file = memory_file(name);
        must(preserve(session, file, (uint64_t)round), "PRESERVE_FD");
        if (ftruncate(file, 1 << 20) == 0 || errno != EPERM)
            must(-1, "ftruncate");
        must(ioctl(session, GET_NAME, &call), "GET_NAME");
        if (strcmp((char *)call.name, name) != 0)
            must(-1, (char *)call.name);
        close(file);
        if (round == ROUNDS - 1)
            kept[number] = session;
        else
            close(session);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    char name[64];
    device = must(open_device(), "open");
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
            return 2;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        for (int round = 0; round < ROUNDS; round++) {
            snprintf(name, sizeof(name), "thread-%d-%d", i, round);
            int session = create_session(device, name);
            if ((session < 0) != (round == ROUNDS - 1))
                must(-1, name);
            if (session >= 0)
                close(session);
        }
    return 0;
}
