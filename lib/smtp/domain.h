/* domain: inside lib/smtp, why a domain is refused. */
#ifndef CHAINMAIL_SMTP_DOMAIN_H
#define CHAINMAIL_SMTP_DOMAIN_H

#include "smtp/smtp.h"

/* SMTP_PATH_OK, SMTP_PATH_SYNTAX or SMTP_PATH_TOO_LONG, for a Domain with or without U-labels. */
smtp_path_status_t smtp_domain_check(char const *s, size_t len);

#endif
