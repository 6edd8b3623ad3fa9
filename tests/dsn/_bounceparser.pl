# _bounceparser.pl FILE...: what Mail::DeliveryStatus::BounceParser makes of bounces.
use strict;
use warnings;
use Mail::DeliveryStatus::BounceParser;

for my $file (@ARGV) {
  open my $handle, '<', $file or die "$file: $!";
  my $bounce = Mail::DeliveryStatus::BounceParser->new($handle);
  print join(' ', $bounce->is_bounce ? 'bounce' : 'none', $bounce->orig_message_id), "\n";
  print join(' ', map { $_ // '-' } $_->get('email'), $_->get('std_reason'), $_->get('reason')), "\n"
    for $bounce->reports;
}
