//! What `nft` lists of our table, and what another hand may have put in it: any bytes are read or refused, in time.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| {
    drop(edge::read_listing(json));
});
