#include "terminal.h"

#include <sys/ioctl.h>

/* Here and not in Swift, which imports no function with a variable number of arguments. */
int lockstep_terminal_columns(int descriptor) {
    struct winsize size = {0};
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
