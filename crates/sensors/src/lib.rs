//! Everything that listens or fetches: SMTP, LMTP, Maildir and HTTP intake.
