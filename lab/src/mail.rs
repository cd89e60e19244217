//! A complaint as SpamCop lays it out, in words of our own.

use jiff::Timestamp;

/// A report that spam came from `address` just now, with a reporter's comment that names the open proxy and its port.
pub(crate) fn spamcop(address: &str, port: u16, now: Timestamp) -> String {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "From: 6100000017@reports.spamcop.net\r\n\
         To: abuse@example.net\r\n\
         Subject: [SpamCop ({address}) id:6100000017]Three watches for the price of one\r\n\
         Date: {date}\r\n\
         Message-ID: <rid_6100000017@msgid.spamcop.net>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\
         \r\n\
         [ SpamCop V5.3.0 ]\r\n\
         A recipient has reported the message below as spam.\r\n\
         \r\n\
         Email from {address} / {date}\r\n\
         {address} is open proxy, see: http://www.spamcop.net/w3m?i=z6100000017z0z\r\n\
         \r\n\
         The reporter adds: this was sent through the open proxy on port {port} of that host.\r\n\
         \r\n\
         [ Offending message ]\r\n\
         Received: from unknown (HELO mail.example.com) ({address})\r\n\
         \x20 by mx.example.org with SMTP; {date}\r\n\
         From: \"Watches\" <watches@example.com>\r\n\
         To: somebody@example.org\r\n\
         Subject: Three watches for the price of one\r\n\
         \r\n\
         Only tonight.\r\n"
    )
}
