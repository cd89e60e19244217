//! The reader of Argus's records on any bytes that follow a beginning which leads to it: no panic, and no flow that ends before it
//! begins or that is counted wrongly.
#![no_main]
use libfuzzer_sys::fuzz_target;

mod flow_file;

fuzz_target!(|bytes: &[u8]| {
    for beginning in BEGINNINGS {
        flow_file::read(&[beginning, bytes].concat());
    }
});

const BEGINNINGS: [&[u8]; 3] = [
    b"StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label\n",
    b"StartTime\tDur\tProto\tSrcAddr\tSport\tDir\tDstAddr\tDport\tState\tTotPkts\tTotBytes\tSrcBytes\tSrcPkts\n",
    b"ts,te,sa,da,sp,dp,pr,flg,ipkt,ibyt,opkt,obyt\n",
];
