# apply-edits: see confine(8).
calls dup2 getrandom lseek lstat memfd_create pread64 unlink
make $CHAINMAIL_QUEUE/tmp
