//! Lists that grow by a few: a hundred thousand lines have some of each, and doubling would leave a quarter of them empty.

/// How many more a full list makes room for.
const MORE: usize = 4;

/// Adds to the end.
pub(crate) fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact(MORE);
    }
    list.push(item);
}
