# Work a mailbox with Perl's Mail::IMAPClient and Net::IMAP::Simple.
use strict;
use warnings;
use Mail::IMAPClient;
use Net::IMAP::Simple;

my ($ca, $imaps, $imap, $user, $password, $subject) = @ARGV;
my $box = "Perl &AMQ- $subject";
my @ssl = (SSL_ca_file => $ca, SSL_verify_mode => 1);

sub ok { my ($what, $good) = @_; die "$what\n" unless $good }

my $m = Mail::IMAPClient->new(Server => "localhost", Port => $imaps, Ssl => \@ssl,
	User => $user, Password => $password, Uid => 1, Peek => 1) or die "Mail::IMAPClient: $@\n";
ok create => $m->create($box);
ok subscribe => $m->subscribe($box);
my $uid = $m->append_string($box, "Subject: perl\r\n\r\nbody\r\n", '\Seen', "01-Jan-2020 10:00:00 +0000");
ok append => $uid;
ok select => $m->select($box);
ok count => $m->message_count == 1;
ok search => join(" ", $m->search("SUBJECT perl")) eq $uid;
ok envelope => $m->get_envelope($uid)->subject eq "perl";
ok structure => $m->get_bodystructure($uid)->bodytype eq "TEXT";
ok flags => grep { $_ eq '\Seen' } $m->flags($uid);
ok date => $m->internaldate($uid) =~ /1-Jan-2020/;
ok move => $m->move("INBOX", $uid);
ok expunge => $m->expunge;
ok rename => $m->rename($box, "$box 2");
ok delete => $m->delete("$box 2");
ok inbox => $m->select("INBOX");
my $idle = $m->idle;
ok idle => $idle && $m->done($idle);
$m->logout;

$m = Mail::IMAPClient->new(Server => "localhost", Port => $imap, Starttls => \@ssl,
	User => $user, Password => $password, Authmechanism => "LOGIN") or die "STARTTLS: $@\n";
ok exists => $m->exists("INBOX");
$m->logout;

my $s = Net::IMAP::Simple->new("localhost", port => $imaps, use_ssl => 1, ssl_options => \@ssl)
	or die "Net::IMAP::Simple: $Net::IMAP::Simple::errstr\n";
ok login => $s->login($user, $password);
my $count = $s->select("INBOX");
ok messages => $count >= 2;
ok text => @{$s->get($count)} > 0;
ok put => $s->put("INBOX", "Subject: simple\n\nbody\n");
ok again => $s->select("INBOX") == $count + 1;
ok remove => $s->delete($count + 1);
$s->expunge_mailbox("INBOX");
ok left => $s->select("INBOX") == $count;
$s->quit;
