/* Makes a session of one name again and again, and closes it: closed, it is gone at once. */
#include "luo.h"

enum { ROUNDS = 8000 };

int main(void)
{
    int device = must(open_device(), "open");
    for (int i = 0; i < ROUNDS; i++)
        close(must(create_session(device, "again"), "create"));
    close(device);
    for (int i = 0; i < ROUNDS; i++)
        close(must(open_device(), "open again"));
    return 0;
}
