# _sisimai.pl FILE...: what Sisimai makes of notices, a line for each recipient.
use strict;
use warnings;
use Sisimai;

for my $file (@ARGV) {
  my $results = Sisimai->make($file, delivered => 1) or next;
  for my $result (@$results) {
    print join(' ', $result->addresser->address, $result->recipient->address, $result->action,
               $result->deliverystatus, $result->reason), "\n";
  }
}
