-- Port blocks that a translator exported and has not taken back: few, and all ended when it was not listened to for a while.
CREATE INDEX open_translations ON leases (from_us) WHERE source = 'nat-export' AND to_us = 4611686018427387904;
