package freeradius

// The users. Their passwords protect nothing.
const (
	Alice         = "alice" // comes in
	AlicePassword = "alice's password"

	Erin         = "erin" // whose password has expired: rejected with ExpiredMessage
	ErinPassword = "erin's password"

	Paul         = "paul" // comes in after a while, as with a prompt on a phone that he must tap; see Options.Delay
	PaulPassword = "paul's password"

	Carol         = "carol" // is asked for a code, CarolCode, after her password
	CarolPassword = "carol's password"
	CarolCode     = "246810"
)

// ExpiredMessage is what Erin is told.
const ExpiredMessage = "Your password has expired"

// ChallengeText is what Carol is asked.
const ChallengeText = "Enter the code from your authenticator app"

// users is FreeRADIUS's users file (man 5 users): Tmp-String-0 is for the policy below.
const users = `alice	Cleartext-Password := "alice's password"

erin	Cleartext-Password := "erin's password", Expiration := "Jan 01 2020 00:00:00 UTC"

paul	Cleartext-Password := "paul's password", Tmp-String-0 := "push"

carol	Cleartext-Password := "carol's password", Tmp-String-0 := "challenge"
`

// wait is called by rlm_perl for users who must tap on a phone: it sleeps as long as the file "delay" says.
const wait = `use strict;

use constant RLM_MODULE_OK => 2;

sub post_auth {
    open(my $file, '<', '@directory@/delay') or return RLM_MODULE_OK;
    my $seconds = <$file>;
    close($file);
    select(undef, undef, undef, $seconds);
    return RLM_MODULE_OK;
}

1;
`

// policy is the virtual server. The challenge is that of FreeRADIUS's own sites-available/challenge: step one checks the password and asks, step two
// checks the answer that comes with the same State.
const policy = `
server default {
	listen {
		type = auth
		ipaddr = @address@
		port = @port@
	}
	listen {
		type = acct
		ipaddr = @address@
		port = @accounting@
	}
	accounting {
		ok
	}
	authorize {
		files
		expiration {
			userlock = 1
		}
		if (userlock) {
			update reply {
				&Reply-Message := "@expired@"
			}
			reject
		}
		if (&State) {
			if (!(&session-state:Tmp-String-1) || (&session-state:Tmp-String-1 != "asked")) {
				reject
			}
			update control {
				&Cleartext-Password := "@code@"
			}
			pap
		}
		elsif (&control:Tmp-String-0 && (&control:Tmp-String-0 == "challenge")) {
			update control {
				&Auth-Type := Ask
			}
		}
		else {
			pap
		}
	}
	authenticate {
		Auth-Type PAP {
			pap
		}
		Auth-Type Ask {
			pap
			if (ok) {
				update session-state {
					&Tmp-String-1 := "asked"
				}
				update reply {
					&Reply-Message := "@question@"
				}
				update control {
					&Response-Packet-Type := Access-Challenge
				}
				handled
			}
		}
	}
	post-auth {
		if (&control:Tmp-String-0 && (&control:Tmp-String-0 == "push")) {
			wait
		}
	}
}
`

// modules are those that the policy uses.
const modules = `
modules {
	files {
		filename = "@directory@/users"
	}
	pap {
	}
	expiration {
	}
	perl wait {
		filename = "@directory@/wait.pl"
		func_post_auth = post_auth
	}
	always reject {
		rcode = reject
	}
	always ok {
		rcode = ok
	}
	always handled {
		rcode = handled
	}
}
`

// server is the rest: where things are, and that requests may take long.
const server = `
name = freeradius
prefix = "@directory@"
raddbdir = "@directory@"
logdir = "@directory@"
run_dir = "@directory@"
libdir = "@modules@"
max_request_time = 120
cleanup_delay = 2
max_requests = 1024
hostname_lookups = no

log {
	destination = stdout
	auth = yes
	auth_badpass = no
	auth_goodpass = no
}

security {
	allow_core_dumps = no
	max_attributes = 200
	reject_delay = 0
	status_server = no
}

client lab {
	ipaddr = 0.0.0.0/0
	secret = "@secret@"
	require_message_authenticator = no
}

thread pool {
	start_servers = 2
	max_servers = 8
	min_spare_servers = 1
	max_spare_servers = 2
	max_requests_per_server = 0
}
`
