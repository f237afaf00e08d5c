//! The shape of Rust's standard library: see core beside it.
#![feature(lang_items)]
#![no_std]

pub use core::{any, array, cell, clone, cmp, convert, default, error, f32, f64, future, hash, iter, marker, mem, num, ops, option, pin, ptr, result, task};
pub use alloc::{borrow, boxed, fmt, rc, slice, str, string};
pub mod vec { pub use alloc::vec::*; }
pub use core::{assert, assert_eq, assert_ne, cfg, column, compile_error, concat, debug_assert, env, file, format_args, include, include_bytes, include_str, line, matches, module_path, option_env, panic, stringify, todo, unimplemented, unreachable, write, writeln};
pub use alloc::format;

pub mod collections {
    pub use alloc::collections::*;
    pub mod hash_map {
        use core::borrow::Borrow;
        pub struct RandomState;
        pub struct HashMap<K, V, S = RandomState> { items: (K, V), state: S }
        pub struct Iter<'a, K, V> { items: &'a (K, V) }
        pub struct Keys<'a, K, V> { items: &'a (K, V) }
        pub struct Values<'a, K, V> { items: &'a (K, V) }
        pub struct IntoIter<K, V> { items: (K, V) }
        pub struct Entry<'a, K, V> { items: &'a mut (K, V) }
        impl<K, V> HashMap<K, V, RandomState> { pub fn new() -> HashMap<K, V, RandomState>; pub fn with_capacity(n: usize) -> HashMap<K, V, RandomState>; }
        impl<K, V, S> HashMap<K, V, S> {
            pub fn insert(&mut self, key: K, value: V) -> Option<V>;
            pub fn get<Q: ?Sized>(&self, key: &Q) -> Option<&V> where K: Borrow<Q>;
            pub fn get_mut<Q: ?Sized>(&mut self, key: &Q) -> Option<&mut V> where K: Borrow<Q>;
            pub fn remove<Q: ?Sized>(&mut self, key: &Q) -> Option<V> where K: Borrow<Q>;
            pub fn contains_key<Q: ?Sized>(&self, key: &Q) -> bool where K: Borrow<Q>;
            pub fn entry(&mut self, key: K) -> Entry<'_, K, V>;
            pub fn len(&self) -> usize;
            pub fn is_empty(&self) -> bool;
            pub fn iter(&self) -> Iter<'_, K, V>;
            pub fn keys(&self) -> Keys<'_, K, V>;
            pub fn values(&self) -> Values<'_, K, V>;
        }
        impl<'a, K, V> Entry<'a, K, V> { pub fn or_insert(self, value: V) -> &'a mut V; pub fn or_default(self) -> &'a mut V where V: Default; pub fn or_insert_with<F: FnOnce() -> V>(self, f: F) -> &'a mut V; }
        impl<'a, K, V> Iterator for Iter<'a, K, V> { type Item = (&'a K, &'a V); fn next(&mut self) -> Option<(&'a K, &'a V)>; }
        impl<'a, K, V> Iterator for Keys<'a, K, V> { type Item = &'a K; fn next(&mut self) -> Option<&'a K>; }
        impl<'a, K, V> Iterator for Values<'a, K, V> { type Item = &'a V; fn next(&mut self) -> Option<&'a V>; }
        impl<K, V> Iterator for IntoIter<K, V> { type Item = (K, V); fn next(&mut self) -> Option<(K, V)>; }
        impl<K, V, S> IntoIterator for HashMap<K, V, S> { type Item = (K, V); type IntoIter = IntoIter<K, V>; fn into_iter(self) -> IntoIter<K, V>; }
        impl<'a, K, V, S> IntoIterator for &'a HashMap<K, V, S> { type Item = (&'a K, &'a V); type IntoIter = Iter<'a, K, V>; fn into_iter(self) -> Iter<'a, K, V>; }
        impl<K, V> FromIterator<(K, V)> for HashMap<K, V, RandomState> { fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self; }
        impl<K, V, const N: usize> From<[(K, V); N]> for HashMap<K, V, RandomState> { fn from(value: [(K, V); N]) -> Self; }
        impl<K, V, S: Default> Default for HashMap<K, V, S> { fn default() -> Self; }
        impl<K: Clone, V: Clone, S: Clone> Clone for HashMap<K, V, S> { fn clone(&self) -> Self; }
        impl<K, Q: ?Sized, V, S> core::ops::Index<&Q> for HashMap<K, V, S> where K: Borrow<Q> { type Output = V; fn index(&self, key: &Q) -> &V; }
        impl<K: core::fmt::Debug, V: core::fmt::Debug, S> core::fmt::Debug for HashMap<K, V, S> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    }
    pub use hash_map::HashMap;
    pub mod hash_set {
        use core::borrow::Borrow;
        pub struct HashSet<T, S = super::hash_map::RandomState> { item: T, state: S }
        pub struct Iter<'a, T> { item: &'a T }
        pub struct IntoIter<T> { item: T }
        impl<T> HashSet<T, super::hash_map::RandomState> { pub fn new() -> HashSet<T, super::hash_map::RandomState>; }
        impl<T, S> HashSet<T, S> { pub fn insert(&mut self, value: T) -> bool; pub fn contains<Q: ?Sized>(&self, value: &Q) -> bool where T: Borrow<Q>; pub fn remove<Q: ?Sized>(&mut self, value: &Q) -> bool where T: Borrow<Q>; pub fn len(&self) -> usize; pub fn is_empty(&self) -> bool; pub fn iter(&self) -> Iter<'_, T>; }
        impl<'a, T> Iterator for Iter<'a, T> { type Item = &'a T; fn next(&mut self) -> Option<&'a T>; }
        impl<T> Iterator for IntoIter<T> { type Item = T; fn next(&mut self) -> Option<T>; }
        impl<T, S> IntoIterator for HashSet<T, S> { type Item = T; type IntoIter = IntoIter<T>; fn into_iter(self) -> IntoIter<T>; }
        impl<'a, T, S> IntoIterator for &'a HashSet<T, S> { type Item = &'a T; type IntoIter = Iter<'a, T>; fn into_iter(self) -> Iter<'a, T>; }
        impl<T> FromIterator<T> for HashSet<T, super::hash_map::RandomState> { fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self; }
        impl<T, S: Default> Default for HashSet<T, S> { fn default() -> Self; }
    }
    pub use hash_set::HashSet;
}

pub mod path {
    pub struct Path { inner: str }
    pub struct PathBuf { inner: alloc::string::String }
    pub struct Display<'a> { path: &'a Path }
    impl Path { pub fn new<S: AsRef<str> + ?Sized>(text: &S) -> &Path; pub fn join<P: AsRef<Path>>(&self, path: P) -> PathBuf; pub fn exists(&self) -> bool; pub fn display(&self) -> Display<'_>; pub fn to_path_buf(&self) -> PathBuf; pub fn parent(&self) -> Option<&Path>; }
    impl PathBuf { pub fn new() -> PathBuf; pub fn push<P: AsRef<Path>>(&mut self, path: P); pub fn as_path(&self) -> &Path; }
    impl core::ops::Deref for PathBuf { type Target = Path; fn deref(&self) -> &Path; }
    impl Clone for PathBuf { fn clone(&self) -> Self; }
    impl AsRef<Path> for str { fn as_ref(&self) -> &Path; }
    impl AsRef<Path> for alloc::string::String { fn as_ref(&self) -> &Path; }
    impl AsRef<Path> for Path { fn as_ref(&self) -> &Path; }
    impl AsRef<Path> for PathBuf { fn as_ref(&self) -> &Path; }
    impl From<&str> for PathBuf { fn from(value: &str) -> Self; }
    impl<'a> core::fmt::Display for Display<'a> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
}
pub mod ffi {
    pub struct OsStr { inner: str }
    pub struct OsString { inner: alloc::string::String }
}
pub mod io {
    pub struct Error;
    pub type Result<T> = core::result::Result<T, Error>;
    pub trait Read { fn read(&mut self, buf: &mut [u8]) -> Result<usize>; }
    pub trait Write { fn write(&mut self, buf: &[u8]) -> Result<usize>; fn flush(&mut self) -> Result<()>; fn write_fmt(&mut self, args: core::fmt::Arguments<'_>) -> Result<()> {} }
    impl core::fmt::Debug for Error { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    impl core::fmt::Display for Error { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    impl core::error::Error for Error {}
    pub fn _print(args: core::fmt::Arguments<'_>);
    pub fn _eprint(args: core::fmt::Arguments<'_>);
}
pub mod fs {
    pub fn read_to_string<P: AsRef<crate::path::Path>>(path: P) -> crate::io::Result<alloc::string::String>;
    pub fn read<P: AsRef<crate::path::Path>>(path: P) -> crate::io::Result<alloc::vec::Vec<u8>>;
    pub fn write<P: AsRef<crate::path::Path>, C: AsRef<[u8]>>(path: P, contents: C) -> crate::io::Result<()>;
    pub fn create_dir_all<P: AsRef<crate::path::Path>>(path: P) -> crate::io::Result<()>;
    pub fn remove_file<P: AsRef<crate::path::Path>>(path: P) -> crate::io::Result<()>;
    pub struct File;
    impl File { pub fn open<P: AsRef<crate::path::Path>>(path: P) -> crate::io::Result<File>; pub fn create<P: AsRef<crate::path::Path>>(path: P) -> crate::io::Result<File>; }
}
pub mod env {
    pub enum VarError { NotPresent }
    impl core::fmt::Debug for VarError { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    pub fn var<K: AsRef<str>>(key: K) -> Result<alloc::string::String, VarError>;
    pub fn current_dir() -> crate::io::Result<crate::path::PathBuf>;
}
pub mod time {
    pub use core::time::Duration;
    pub struct Instant { t: u64 }
    impl Instant { pub fn now() -> Instant; pub fn elapsed(&self) -> Duration; pub fn duration_since(&self, earlier: Instant) -> Duration; }
    impl Clone for Instant { fn clone(&self) -> Self; }
    impl Copy for Instant {}
    impl core::ops::Sub for Instant { type Output = Duration; fn sub(self, other: Instant) -> Duration; }
}
pub mod sync {
    pub use alloc::sync::{Arc, Weak};
    pub use core::sync::atomic;
    pub struct PoisonError<T> { guard: T }
    pub type LockResult<T> = Result<T, PoisonError<T>>;
    pub struct Mutex<T: ?Sized> { inner: T }
    pub struct MutexGuard<'a, T: ?Sized> { inner: &'a mut T }
    impl<T> Mutex<T> { pub fn new(value: T) -> Mutex<T>; }
    impl<T: ?Sized> Mutex<T> { pub fn lock(&self) -> LockResult<MutexGuard<'_, T>>; }
    impl<T: ?Sized> core::ops::Deref for MutexGuard<'_, T> { type Target = T; fn deref(&self) -> &T; }
    impl<T: ?Sized> core::ops::DerefMut for MutexGuard<'_, T> { fn deref_mut(&mut self) -> &mut T; }
    impl<T> core::fmt::Debug for PoisonError<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    pub struct RwLock<T: ?Sized> { inner: T }
    pub struct OnceLock<T> { inner: T }
    pub struct LazyLock<T, F = fn() -> T> { inner: T, f: F }
    impl<T, F: FnOnce() -> T> core::ops::Deref for LazyLock<T, F> { type Target = T; fn deref(&self) -> &T; }
}
pub mod thread {
    pub struct JoinHandle<T> { value: T }
    pub type Result<T> = core::result::Result<T, alloc::boxed::Box<dyn core::any::Any + Send>>;
    pub fn spawn<T, F: FnOnce() -> T>(f: F) -> JoinHandle<T>;
    pub fn sleep(time: core::time::Duration);
    impl<T> JoinHandle<T> { pub fn join(self) -> Result<T>; }
}
pub mod panic { pub use core::panic::*; }
pub mod os { pub mod raw { pub use core::ffi::c_void; } }

#[macro_export]
macro_rules! print { ($($arg:tt)*) => { $crate::io::_print($crate::format_args!($($arg)*)) }; }
#[macro_export]
macro_rules! println { () => { () }; ($($arg:tt)*) => { $crate::io::_print($crate::format_args!($($arg)*)) }; }
#[macro_export]
macro_rules! eprint { ($($arg:tt)*) => { $crate::io::_eprint($crate::format_args!($($arg)*)) }; }
#[macro_export]
macro_rules! eprintln { () => { () }; ($($arg:tt)*) => { $crate::io::_eprint($crate::format_args!($($arg)*)) }; }
#[macro_export]
macro_rules! dbg { ($value:expr $(,)?) => { $value }; }
#[macro_export]
macro_rules! thread_local { ($($t:tt)*) => {}; }

/// Macros whose names are modules' names too; in a module of their own, the prelude takes only these.
mod macros {
    pub macro vec {
        () => { $crate::vec::Vec::new() },
        ($value:expr; $n:expr) => { $crate::vec::from_elem($value, $n) },
        ($($value:expr),+ $(,)?) => { $crate::vec::from_array([$($value),+]) },
    }
    pub macro panic { ($($t:tt)*) => { loop {} } }
}

pub mod prelude {
    pub mod v1 {
        pub use core::prelude::v1::*;
        pub use alloc::{borrow::ToOwned, boxed::Box, string::{String, ToString}, vec::Vec, format};
        pub use core::{assert_eq, assert_ne, debug_assert, matches, todo, unimplemented, unreachable, write, writeln};
        pub use crate::{dbg, eprint, eprintln, print, println, thread_local, macros::{panic, vec}};
    }
    pub mod rust_2015 { pub use super::v1::*; }
    pub mod rust_2018 { pub use super::v1::*; }
    pub mod rust_2021 { pub use super::v1::*; }
    pub mod rust_2024 { pub use super::v1::*; }
}
#[prelude_import]
use prelude::v1::*;
