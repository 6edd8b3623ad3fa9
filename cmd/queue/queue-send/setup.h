/* setup: what is done once, before anything is attempted. What cannot go on says why, and exits. */
#ifndef CHAINMAIL_QUEUE_SEND_SETUP_H
#define CHAINMAIL_QUEUE_SEND_SETUP_H

/* Takes options and settings, makes the workers, locks the queue, and opens all that it consists
   of. */
void setup(int argc, char const *const *argv);

#endif
