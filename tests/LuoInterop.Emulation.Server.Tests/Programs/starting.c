/* Starts processes, which have its descriptors until they exec: what it closes meanwhile is still there. */
#include "expect.h"

#include <sys/wait.h>

struct child {
    int id;
    int go;      /* a byte written here lets it exec */
    int says;    /* what it then says first: the kernel closes files before it, but in no order */
    int end;     /* its input; it ends with that */
};

static struct child start(void)
{
    int go[2], says[2], input[2];
    must(pipe2(go, O_CLOEXEC), "pipe2");
    must(pipe2(says, O_CLOEXEC), "pipe2");
    must(pipe2(input, O_CLOEXEC), "pipe2");
    struct child child = { must(fork(), "fork"), go[1], says[0], input[1] };
    if (child.id == 0) {
        char byte;
        must(read(go[0], &byte, 1), "read");
        must(dup2(input[0], STDIN_FILENO), "dup2");
        must(dup2(says[1], STDOUT_FILENO), "dup2");
        execl("/bin/sh", "sh", "-c", "echo; read line", (char *)NULL);
        _exit(1);
    }
    close(go[0]);
    close(says[1]);
    close(input[0]);
    return child;
}

static void let_exec(struct child *child)
{
    char byte = 0;
    must(write(child->go, &byte, 1), "write");
    EXPECT(read(child->says, &byte, 1) == 1 ? 0 : -1, 0);
}

static void end(struct child *child)
{
    close(child->end);
    must(waitpid(child->id, NULL, 0), "waitpid");
}

int main(void)
{
    int device = must(open_device(), "open");
    int session = must(create_session(device, "starting"), "CREATE_SESSION");
    close(device);
    struct child has_session = start();
    close(session);
    device = must(open_device(), "open");
    EXPECT(create_session(device, "starting"), EEXIST);
    struct child has_device = start();
    close(device);
    EXPECT(open_device(), EBUSY);

    let_exec(&has_device);
    device = open_device();
    EXPECT(device, 0);
    EXPECT(create_session(device, "starting"), EEXIST);
    let_exec(&has_session);
    EXPECT(create_session(device, "starting"), 0);
    end(&has_device);
    end(&has_session);
    return failures != 0;
}
