# A program with shared libraries: it maps code, and the kernel executes its loader.
include libc-glibc
calls mmap mprotect
read /lib /lib64 /usr/lib /usr/lib64 /usr/local/lib /etc/ld.so.cache /etc/ld.so.preload
exec /lib /lib64 /usr/lib /usr/lib64
