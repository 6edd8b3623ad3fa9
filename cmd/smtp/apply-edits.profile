# apply-edits: see confine(8).
calls dup2 lseek lstat memfd_create pread64 unlink
make $CHAINMAIL_QUEUE/tmp
