//! FreeRADIUS `detail` accounting.
