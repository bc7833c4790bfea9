#ifndef LOCKSTEP_TERMINAL_H
#define LOCKSTEP_TERMINAL_H

/* The columns of the terminal behind `descriptor`; 0 where there is none or it does not tell. */
int lockstep_terminal_columns(int descriptor);

#endif
