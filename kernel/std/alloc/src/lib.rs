//! The shape of Rust's alloc library: see core beside it.
#![feature(lang_items)]
#![no_std]

pub mod boxed {
    #[lang = "owned_box"]
    #[fundamental]
    pub struct Box<T: ?Sized>(*const T);
    impl<T> Box<T> { pub fn new(value: T) -> Box<T>; }
    impl<T: ?Sized> core::ops::Deref for Box<T> { type Target = T; fn deref(&self) -> &T; }
    impl<T: ?Sized> core::ops::DerefMut for Box<T> { fn deref_mut(&mut self) -> &mut T; }
    impl<T: ?Sized + core::marker::Unsize<U>, U: ?Sized> core::ops::CoerceUnsized<Box<U>> for Box<T> {}
    impl<T: Clone> Clone for Box<T> { fn clone(&self) -> Self; }
    impl<I: Iterator + ?Sized> Iterator for Box<I> { type Item = I::Item; fn next(&mut self) -> Option<I::Item>; }
    impl<A: core::marker::Tuple, F: FnOnce<A> + ?Sized> FnOnce<A> for Box<F> { type Output = F::Output; extern "rust-call" fn call_once(self, args: A) -> F::Output; }
    impl<A: core::marker::Tuple, F: FnMut<A> + ?Sized> FnMut<A> for Box<F> { extern "rust-call" fn call_mut(&mut self, args: A) -> F::Output; }
    impl<A: core::marker::Tuple, F: Fn<A> + ?Sized> Fn<A> for Box<F> { extern "rust-call" fn call(&self, args: A) -> F::Output; }
    impl<'a, E: core::error::Error + 'a> From<E> for Box<dyn core::error::Error + 'a> { fn from(error: E) -> Self; }
    impl<'a> From<&str> for Box<dyn core::error::Error + 'a> { fn from(error: &str) -> Self; }
    impl<T: ?Sized + core::fmt::Debug> core::fmt::Debug for Box<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    impl<T: ?Sized + core::fmt::Display> core::fmt::Display for Box<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
}

pub mod borrow {
    pub use core::borrow::{Borrow, BorrowMut};
    pub trait ToOwned { type Owned: Borrow<Self>; fn to_owned(&self) -> Self::Owned; }
    impl<T: Clone> ToOwned for T { type Owned = T; fn to_owned(&self) -> T; }
    impl ToOwned for str { type Owned = crate::string::String; fn to_owned(&self) -> crate::string::String; }
    impl<T: Clone> ToOwned for [T] { type Owned = crate::vec::Vec<T>; fn to_owned(&self) -> crate::vec::Vec<T>; }
    pub enum Cow<'a, B: ?Sized + ToOwned + 'a> { Borrowed(&'a B), Owned(<B as ToOwned>::Owned) }
    impl<B: ?Sized + ToOwned> Cow<'_, B> { pub fn into_owned(self) -> <B as ToOwned>::Owned; pub fn to_mut(&mut self) -> &mut <B as ToOwned>::Owned; }
    impl<B: ?Sized + ToOwned> core::ops::Deref for Cow<'_, B> { type Target = B; fn deref(&self) -> &B; }
    impl<B: ?Sized + ToOwned> Clone for Cow<'_, B> { fn clone(&self) -> Self; }
}

macro_rules! counted { ($module:ident $name:ident) => {
    pub mod $module {
        pub struct $name<T: ?Sized>(*const T);
        pub struct Weak<T: ?Sized>(*const T);
        impl<T> $name<T> { pub fn new(value: T) -> $name<T>; pub fn try_unwrap(this: Self) -> Result<T, Self>; pub fn unwrap_or_clone(this: Self) -> T where T: Clone; }
        impl<T: ?Sized> $name<T> { pub fn strong_count(this: &Self) -> usize; pub fn ptr_eq(a: &Self, b: &Self) -> bool; pub fn downgrade(this: &Self) -> Weak<T>; pub fn get_mut(this: &mut Self) -> Option<&mut T>; }
        impl<T: Clone> $name<T> { pub fn make_mut(this: &mut Self) -> &mut T; }
        impl<T: ?Sized> core::ops::Deref for $name<T> { type Target = T; fn deref(&self) -> &T; }
        impl<T: ?Sized> Clone for $name<T> { fn clone(&self) -> Self; }
        impl<T: ?Sized> AsRef<T> for $name<T> { fn as_ref(&self) -> &T; }
        impl<T> From<T> for $name<T> { fn from(value: T) -> Self; }
        impl<T: ?Sized + core::marker::Unsize<U>, U: ?Sized> core::ops::CoerceUnsized<$name<U>> for $name<T> {}
        impl<T: ?Sized + core::fmt::Debug> core::fmt::Debug for $name<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    }
} }
counted! { rc Rc }
counted! { sync Arc }

pub mod vec {
    use core::ops::*;
    pub struct Vec<T> { buf: *const T, len: usize }
    impl<T> Vec<T> {
        pub const fn new() -> Vec<T>;
        pub fn with_capacity(n: usize) -> Vec<T>;
        pub fn capacity(&self) -> usize;
        pub fn reserve(&mut self, n: usize);
        pub fn shrink_to_fit(&mut self);
        pub fn push(&mut self, value: T);
        pub fn pop(&mut self) -> Option<T>;
        pub fn len(&self) -> usize;
        pub fn is_empty(&self) -> bool;
        pub fn clear(&mut self);
        pub fn insert(&mut self, index: usize, value: T);
        pub fn remove(&mut self, index: usize) -> T;
        pub fn swap_remove(&mut self, index: usize) -> T;
        pub fn truncate(&mut self, n: usize);
        pub fn append(&mut self, other: &mut Vec<T>);
        pub fn extend_from_slice(&mut self, other: &[T]) where T: Clone;
        pub fn resize(&mut self, n: usize, value: T) where T: Clone;
        pub fn retain<F: FnMut(&T) -> bool>(&mut self, f: F);
        pub fn dedup(&mut self) where T: PartialEq;
        pub fn drain<R: RangeBounds<usize>>(&mut self, range: R) -> IntoIter<T>;
        pub fn split_off(&mut self, at: usize) -> Vec<T>;
        pub fn as_slice(&self) -> &[T];
        pub fn as_mut_slice(&mut self) -> &mut [T];
        pub fn into_boxed_slice(self) -> crate::boxed::Box<[T]>;
    }
    impl<T> Deref for Vec<T> { type Target = [T]; fn deref(&self) -> &[T]; }
    impl<T> DerefMut for Vec<T> { fn deref_mut(&mut self) -> &mut [T]; }
    impl<T, I: core::slice::SliceIndex<[T]>> Index<I> for Vec<T> { type Output = I::Output; fn index(&self, index: I) -> &I::Output; }
    impl<T, I: core::slice::SliceIndex<[T]>> IndexMut<I> for Vec<T> { fn index_mut(&mut self, index: I) -> &mut I::Output; }
    impl<T: Clone> Clone for Vec<T> { fn clone(&self) -> Self; }
    impl<T> Default for Vec<T> { fn default() -> Self; }
    impl<T> FromIterator<T> for Vec<T> { fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self; }
    impl<T> Extend<T> for Vec<T> { fn extend<I: IntoIterator<Item = T>>(&mut self, iter: I); }
    impl<'a, T: Copy + 'a> Extend<&'a T> for Vec<T> { fn extend<I: IntoIterator<Item = &'a T>>(&mut self, iter: I); }
    pub struct IntoIter<T> { buf: *const T }
    impl<T> Iterator for IntoIter<T> { type Item = T; fn next(&mut self) -> Option<T>; }
    impl<T> DoubleEndedIterator for IntoIter<T> { fn next_back(&mut self) -> Option<T>; }
    impl<T> ExactSizeIterator for IntoIter<T> {}
    impl<T> IntoIterator for Vec<T> { type Item = T; type IntoIter = IntoIter<T>; fn into_iter(self) -> IntoIter<T>; }
    impl<'a, T> IntoIterator for &'a Vec<T> { type Item = &'a T; type IntoIter = core::slice::Iter<'a, T>; fn into_iter(self) -> core::slice::Iter<'a, T>; }
    impl<'a, T> IntoIterator for &'a mut Vec<T> { type Item = &'a mut T; type IntoIter = core::slice::IterMut<'a, T>; fn into_iter(self) -> core::slice::IterMut<'a, T>; }
    impl<T> AsRef<[T]> for Vec<T> { fn as_ref(&self) -> &[T]; }
    impl<T> AsRef<Vec<T>> for Vec<T> { fn as_ref(&self) -> &Vec<T>; }
    impl<T> core::borrow::Borrow<[T]> for Vec<T> { fn borrow(&self) -> &[T]; }
    impl<T: Clone> From<&[T]> for Vec<T> { fn from(value: &[T]) -> Self; }
    impl<T, const N: usize> From<[T; N]> for Vec<T> { fn from(value: [T; N]) -> Self; }
    impl<T: PartialEq<U>, U> PartialEq<Vec<U>> for Vec<T> { fn eq(&self, other: &Vec<U>) -> bool; }
    impl<T: PartialEq<U>, U, const N: usize> PartialEq<[U; N]> for Vec<T> { fn eq(&self, other: &[U; N]) -> bool; }
    impl<T: Eq> Eq for Vec<T> {}
    impl<T: core::hash::Hash> core::hash::Hash for Vec<T> { fn hash<H: core::hash::Hasher>(&self, state: &mut H); }
    impl<T: core::fmt::Debug> core::fmt::Debug for Vec<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    pub fn from_elem<T: Clone>(value: T, n: usize) -> Vec<T>;
    pub fn from_array<T, const N: usize>(values: [T; N]) -> Vec<T>;
}

pub mod slice {
    pub use core::slice::*;
    use crate::{string::String, vec::Vec};
    pub trait Join<Separator> { type Output; }
    impl<S: core::borrow::Borrow<str>> Join<&str> for [S] { type Output = String; }
    pub trait Concat<Item: ?Sized> { type Output; }
    impl<T> [T] {
        #[rustc_allow_incoherent_impl]
        pub fn to_vec(&self) -> Vec<T> where T: Clone;
        #[rustc_allow_incoherent_impl]
        pub fn sort(&mut self) where T: Ord;
        #[rustc_allow_incoherent_impl]
        pub fn sort_by<F: FnMut(&T, &T) -> core::cmp::Ordering>(&mut self, f: F);
        #[rustc_allow_incoherent_impl]
        pub fn sort_by_key<K: Ord, F: FnMut(&T) -> K>(&mut self, f: F);
        #[rustc_allow_incoherent_impl]
        pub fn join<Separator>(&self, separator: Separator) -> <Self as Join<Separator>>::Output where Self: Join<Separator>;
        #[rustc_allow_incoherent_impl]
        pub fn repeat(&self, n: usize) -> Vec<T> where T: Copy;
    }
}

pub mod str {
    pub use core::str::*;
    use crate::string::String;
    impl str {
        #[rustc_allow_incoherent_impl]
        pub fn replace<P: core::str::Pattern>(&self, from: P, to: &str) -> String;
        #[rustc_allow_incoherent_impl]
        pub fn to_lowercase(&self) -> String;
        #[rustc_allow_incoherent_impl]
        pub fn to_uppercase(&self) -> String;
        #[rustc_allow_incoherent_impl]
        pub fn to_ascii_lowercase(&self) -> String;
        #[rustc_allow_incoherent_impl]
        pub fn to_ascii_uppercase(&self) -> String;
        #[rustc_allow_incoherent_impl]
        pub fn repeat(&self, n: usize) -> String;
    }
}

pub mod string {
    use core::ops::*;
    #[lang = "String"]
    pub struct String { bytes: crate::vec::Vec<u8> }
    impl String {
        pub const fn new() -> String;
        pub fn with_capacity(n: usize) -> String;
        pub fn from_utf8(bytes: crate::vec::Vec<u8>) -> Result<String, FromUtf8Error>;
        pub fn from_utf8_lossy(bytes: &[u8]) -> crate::borrow::Cow<'_, str>;
        pub fn as_str(&self) -> &str;
        pub fn push_str(&mut self, text: &str);
        pub fn push(&mut self, c: char);
        pub fn pop(&mut self) -> Option<char>;
        pub fn len(&self) -> usize;
        pub fn is_empty(&self) -> bool;
        pub fn clear(&mut self);
        pub fn truncate(&mut self, n: usize);
        pub fn into_bytes(self) -> crate::vec::Vec<u8>;
        pub fn insert_str(&mut self, index: usize, text: &str);
    }
    pub struct FromUtf8Error;
    pub trait ToString { fn to_string(&self) -> String; }
    impl<T: core::fmt::Display + ?Sized> ToString for T { fn to_string(&self) -> String; }
    impl Deref for String { type Target = str; fn deref(&self) -> &str; }
    impl DerefMut for String { fn deref_mut(&mut self) -> &mut str; }
    impl Clone for String { fn clone(&self) -> Self; }
    impl Default for String { fn default() -> Self; }
    impl From<&str> for String { fn from(value: &str) -> Self; }
    impl From<&String> for String { fn from(value: &String) -> Self; }
    impl From<char> for String { fn from(value: char) -> Self; }
    impl AsRef<str> for String { fn as_ref(&self) -> &str; }
    impl core::borrow::Borrow<str> for String { fn borrow(&self) -> &str; }
    impl core::str::FromStr for String { type Err = core::convert::Infallible; fn from_str(s: &str) -> Result<String, core::convert::Infallible>; }
    impl core::fmt::Display for String { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    impl core::fmt::Debug for String { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    impl core::fmt::Write for String { fn write_str(&mut self, text: &str) -> core::fmt::Result; }
    impl PartialEq for String { fn eq(&self, other: &String) -> bool; }
    impl PartialEq<str> for String { fn eq(&self, other: &str) -> bool; }
    impl PartialEq<&str> for String { fn eq(&self, other: &&str) -> bool; }
    impl PartialEq<String> for str { fn eq(&self, other: &String) -> bool; }
    impl PartialEq<String> for &str { fn eq(&self, other: &String) -> bool; }
    impl Eq for String {}
    impl PartialOrd for String { fn partial_cmp(&self, other: &String) -> Option<core::cmp::Ordering>; }
    impl Ord for String { fn cmp(&self, other: &String) -> core::cmp::Ordering; }
    impl core::hash::Hash for String { fn hash<H: core::hash::Hasher>(&self, state: &mut H); }
    impl Add<&str> for String { type Output = String; fn add(self, other: &str) -> String; }
    impl AddAssign<&str> for String { fn add_assign(&mut self, other: &str); }
    impl<I: core::slice::SliceIndex<str>> Index<I> for String { type Output = I::Output; fn index(&self, index: I) -> &I::Output; }
    impl FromIterator<char> for String { fn from_iter<I: IntoIterator<Item = char>>(iter: I) -> Self; }
    impl FromIterator<String> for String { fn from_iter<I: IntoIterator<Item = String>>(iter: I) -> Self; }
    impl<'a> FromIterator<&'a str> for String { fn from_iter<I: IntoIterator<Item = &'a str>>(iter: I) -> Self; }
    impl<'a> Extend<&'a str> for String { fn extend<I: IntoIterator<Item = &'a str>>(&mut self, iter: I); }
    impl Extend<char> for String { fn extend<I: IntoIterator<Item = char>>(&mut self, iter: I); }
}

pub mod fmt {
    pub use core::fmt::*;
    pub fn format(args: Arguments<'_>) -> crate::string::String;
}

pub mod collections {
    use core::borrow::Borrow;
    pub mod btree_map {
        use core::borrow::Borrow;
        pub struct BTreeMap<K, V> { items: (K, V) }
        pub struct Iter<'a, K, V> { map: &'a BTreeMap<K, V> }
        pub struct Keys<'a, K, V> { map: &'a BTreeMap<K, V> }
        pub struct Values<'a, K, V> { map: &'a BTreeMap<K, V> }
        pub struct IntoIter<K, V> { map: BTreeMap<K, V> }
        pub struct Entry<'a, K, V> { map: &'a mut BTreeMap<K, V> }
        impl<K, V> BTreeMap<K, V> {
            pub const fn new() -> BTreeMap<K, V>;
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
            pub fn first_key_value(&self) -> Option<(&K, &V)>;
            pub fn last_key_value(&self) -> Option<(&K, &V)>;
        }
        impl<'a, K, V> Entry<'a, K, V> { pub fn or_insert(self, value: V) -> &'a mut V; pub fn or_default(self) -> &'a mut V where V: Default; pub fn or_insert_with<F: FnOnce() -> V>(self, f: F) -> &'a mut V; }
        impl<'a, K, V> Iterator for Iter<'a, K, V> { type Item = (&'a K, &'a V); fn next(&mut self) -> Option<(&'a K, &'a V)>; }
        impl<'a, K, V> DoubleEndedIterator for Iter<'a, K, V> { fn next_back(&mut self) -> Option<(&'a K, &'a V)>; }
        impl<'a, K, V> Iterator for Keys<'a, K, V> { type Item = &'a K; fn next(&mut self) -> Option<&'a K>; }
        impl<'a, K, V> Iterator for Values<'a, K, V> { type Item = &'a V; fn next(&mut self) -> Option<&'a V>; }
        impl<K, V> Iterator for IntoIter<K, V> { type Item = (K, V); fn next(&mut self) -> Option<(K, V)>; }
        impl<K, V> IntoIterator for BTreeMap<K, V> { type Item = (K, V); type IntoIter = IntoIter<K, V>; fn into_iter(self) -> IntoIter<K, V>; }
        impl<'a, K, V> IntoIterator for &'a BTreeMap<K, V> { type Item = (&'a K, &'a V); type IntoIter = Iter<'a, K, V>; fn into_iter(self) -> Iter<'a, K, V>; }
        impl<K, V> FromIterator<(K, V)> for BTreeMap<K, V> { fn from_iter<I: IntoIterator<Item = (K, V)>>(iter: I) -> Self; }
        impl<K, V, const N: usize> From<[(K, V); N]> for BTreeMap<K, V> { fn from(value: [(K, V); N]) -> Self; }
        impl<K, V> Default for BTreeMap<K, V> { fn default() -> Self; }
        impl<K: Clone, V: Clone> Clone for BTreeMap<K, V> { fn clone(&self) -> Self; }
        impl<K, Q: ?Sized, V> core::ops::Index<&Q> for BTreeMap<K, V> where K: Borrow<Q> { type Output = V; fn index(&self, key: &Q) -> &V; }
        impl<K: core::fmt::Debug, V: core::fmt::Debug> core::fmt::Debug for BTreeMap<K, V> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    }
    pub use btree_map::BTreeMap;
    pub mod btree_set {
        use core::borrow::Borrow;
        pub struct BTreeSet<T> { item: T }
        pub struct Iter<'a, T> { set: &'a BTreeSet<T> }
        pub struct IntoIter<T> { set: BTreeSet<T> }
        impl<T> BTreeSet<T> {
            pub const fn new() -> BTreeSet<T>;
            pub fn insert(&mut self, value: T) -> bool;
            pub fn contains<Q: ?Sized>(&self, value: &Q) -> bool where T: Borrow<Q>;
            pub fn remove<Q: ?Sized>(&mut self, value: &Q) -> bool where T: Borrow<Q>;
            pub fn len(&self) -> usize;
            pub fn is_empty(&self) -> bool;
            pub fn iter(&self) -> Iter<'_, T>;
            pub fn first(&self) -> Option<&T>;
            pub fn last(&self) -> Option<&T>;
        }
        impl<'a, T> Iterator for Iter<'a, T> { type Item = &'a T; fn next(&mut self) -> Option<&'a T>; }
        impl<T> Iterator for IntoIter<T> { type Item = T; fn next(&mut self) -> Option<T>; }
        impl<T> IntoIterator for BTreeSet<T> { type Item = T; type IntoIter = IntoIter<T>; fn into_iter(self) -> IntoIter<T>; }
        impl<'a, T> IntoIterator for &'a BTreeSet<T> { type Item = &'a T; type IntoIter = Iter<'a, T>; fn into_iter(self) -> Iter<'a, T>; }
        impl<T> FromIterator<T> for BTreeSet<T> { fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self; }
        impl<T> Default for BTreeSet<T> { fn default() -> Self; }
        impl<T: Clone> Clone for BTreeSet<T> { fn clone(&self) -> Self; }
        impl<T: core::fmt::Debug> core::fmt::Debug for BTreeSet<T> { fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result; }
    }
    pub use btree_set::BTreeSet;
    pub mod vec_deque {
        pub struct VecDeque<T> { item: T }
        impl<T> VecDeque<T> { pub const fn new() -> VecDeque<T>; pub fn push_back(&mut self, value: T); pub fn push_front(&mut self, value: T); pub fn pop_front(&mut self) -> Option<T>; pub fn pop_back(&mut self) -> Option<T>; pub fn len(&self) -> usize; pub fn is_empty(&self) -> bool; }
    }
    pub use vec_deque::VecDeque;
}

#[macro_export]
macro_rules! format { ($($arg:tt)*) => { $crate::fmt::format($crate::__export::format_args!($($arg)*)) }; }
#[doc(hidden)]
pub mod __export { pub use core::format_args; }
