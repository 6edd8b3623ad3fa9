# Texts of replies can be replaced, codes stay.
options -T {folder}/texts
conf greeting Sendmail 5.67
texts
  # a comment

  noop Nothing done
  quit	Good bye from %s, friend
S: 220 mail.example.test ESMTP Sendmail 5.67
C: NOOP
S: 250 2.0.0 Nothing done
C: QUIT
S: 221 2.0.0 Good bye from mail.example.test, friend
