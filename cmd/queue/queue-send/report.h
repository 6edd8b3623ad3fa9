/* report: log lines. */
#ifndef CHAINMAIL_QUEUE_SEND_REPORT_H
#define CHAINMAIL_QUEUE_SEND_REPORT_H

#include "chain/chain.h"
#include "send.h"

void report_job(job_t const *job);
/* A destination went down, or is still so, and up again. */
void report_down(destination_t const *destination, unsigned failures, uint64_t pause);
void report_up(destination_t const *destination);
/* A recipient that no job was made for. */
void report_recipient(recipient_t const *recipient, chain_kind_t kind, char const *text);
/* An entry is held as long as its sender wanted. */
void report_hold(attempt_t const *attempt);
/* Something of an entry is left for the next try. */
void report_waiting(attempt_t const *attempt, unsigned attempts, uint64_t next);
/* The sender was told of so many results in a message of this id; or need not be told. */
void report_notice(attempt_t const *attempt, char const *id, size_t results);
void report_untold(attempt_t const *attempt);
/* Someone ordered this; or an injector wanted a hold. */
void report_order(char const *event, char const *name, char const *reason);
void report_entry(char const *event, char const *name, int error);
/* What a scan found in a folder, or removed from it. */
void report_count(char const *event, char const *folder, uint64_t count);
/* error 0 is not told. */
void report_trouble(char const *event, char const *key, char const *value, int error);
void report_exit(char const *program, int wait_status);

/* The wall clock was set, by so many microseconds. */
void report_clock(int64_t by);

#endif
