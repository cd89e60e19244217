//! Reading bytes that end where they end.

/// What is left to read. Nothing here fails: where it ends there is nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rest<'b>(pub(crate) &'b [u8]);

impl<'b> Rest<'b> {
    /// The next so many bytes.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// In network order.
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// A field with its length in one byte before it; what there is of it.
    pub(crate) fn of_u8(&mut self) -> Option<Rest<'b>> {
        let length = usize::from(self.u8()?);
        Some(self.at_most(length))
    }

    /// A field with its length in two bytes before it; what there is of it.
    pub(crate) fn of_u16(&mut self) -> Option<Rest<'b>> {
        let length = usize::from(self.u16()?);
        Some(self.at_most(length))
    }

    /// Up to a zero byte, which is passed over.
    pub(crate) fn until_zero(&mut self) -> Option<&'b [u8]> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.take(end)?;
        self.take(1)?;
        Some(text)
    }

    fn at_most(&mut self, count: usize) -> Rest<'b> {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        Rest(taken)
    }
}

/// A stranger's bytes as text on one line without control characters, cut at `most` bytes of theirs.
pub(crate) fn shown(bytes: &[u8], most: usize) -> String {
    bytes.get(..most).unwrap_or(bytes).escape_ascii().to_string()
}

/// The first line, without its end.
pub(crate) fn first_line(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}
