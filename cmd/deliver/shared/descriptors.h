/* descriptors: as many as a deliverer needs. */
#ifndef DELIVER_DESCRIPTORS_H
#define DELIVER_DESCRIPTORS_H

#include <sys/resource.h>

/* Raises the soft limit on open descriptors to this, if it is lower. Where that cannot be done it
   says why, and exits with 111. */
void descriptors_allow(rlim_t needed);

#endif
