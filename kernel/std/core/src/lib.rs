//! The shape of Rust's core library, for the type inference inside a notebook kernel. See ../../README.md.
//!
//! Signatures without bodies: nothing here is compiled, rust-analyzer only reads it. Everything stands
//! where the real library has it, because a type's path ends up in code that is compiled.
#![rustc_coherence_is_core]
#![feature(lang_items)]
#![no_core]

pub mod marker {
    #[lang = "pointee_sized"]
    #[fundamental]
    #[rustc_coinductive]
    pub trait PointeeSized {}
    #[lang = "meta_sized"]
    #[fundamental]
    #[rustc_coinductive]
    pub trait MetaSized: PointeeSized {}
    #[lang = "sized"]
    #[fundamental]
    #[rustc_coinductive]
    pub trait Sized: MetaSized {}
    pub unsafe auto trait Send {}
    pub unsafe auto trait Sync {}
    #[lang = "unpin"]
    pub auto trait Unpin {}
    #[lang = "unsize"]
    pub trait Unsize<T: PointeeSized>: PointeeSized {}
    #[lang = "copy"]
    pub trait Copy: Clone {}
    #[rustc_builtin_macro]
    pub macro Copy($item:item) {}
    macro_rules! copies { ($($t:ty)*) => { $(impl Copy for $t {})* } }
    copies! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char }
    impl Copy for ! {}
    impl<T: PointeeSized> Copy for *const T {}
    impl<T: PointeeSized> Copy for *mut T {}
    impl<T: PointeeSized> Copy for &T {}
    #[lang = "tuple_trait"]
    pub trait Tuple {}
    #[lang = "phantom_data"]
    pub struct PhantomData<T: PointeeSized>;
    impl<T: PointeeSized> Clone for PhantomData<T> { fn clone(&self) -> Self; }
    impl<T: PointeeSized> Copy for PhantomData<T> {}
    #[lang = "discriminant_kind"]
    pub trait DiscriminantKind {
        #[lang = "discriminant_type"]
        type Discriminant;
    }
}

pub mod clone {
    #[lang = "clone"]
    pub trait Clone: Sized {
        fn clone(&self) -> Self;
        fn clone_from(&mut self, source: &Self) {}
    }
    #[rustc_builtin_macro]
    pub macro Clone($item:item) {}
    impl<T: crate::marker::PointeeSized> Clone for &T { fn clone(&self) -> Self; }
    impl Clone for ! { fn clone(&self) -> Self; }
    macro_rules! clones { ($($t:ty)*) => { $(impl Clone for $t { fn clone(&self) -> Self; })* } }
    clones! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char }
}

pub mod default {
    pub trait Default: Sized { fn default() -> Self; }
    #[rustc_builtin_macro(Default, attributes(default))]
    pub macro Default($item:item) {}
    macro_rules! defaults { ($($t:ty)*) => { $(impl Default for $t { fn default() -> Self; })* } }
    defaults! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char () &str }
    impl<T> Default for Option<T> { fn default() -> Self; }
    impl<T> Default for &[T] { fn default() -> Self; }
    impl<A: Default, B: Default> Default for (A, B) { fn default() -> Self; }
    impl<T: Default, const N: usize> Default for [T; N] { fn default() -> Self; }
}

pub mod hash {
    pub trait Hasher { fn finish(&self) -> u64; }
    pub trait BuildHasher { type Hasher: Hasher; }
    pub trait Hash: crate::marker::PointeeSized { fn hash<H: Hasher>(&self, state: &mut H); }
    pub(crate) mod derive {
        #[rustc_builtin_macro]
        pub macro Hash($item:item) {}
    }
    pub use derive::Hash;
    macro_rules! hashes { ($($t:ty)*) => { $(impl Hash for $t { fn hash<H: Hasher>(&self, state: &mut H); })* } }
    hashes! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 bool char str () }
    impl<T: Hash + ?Sized> Hash for &T { fn hash<H: Hasher>(&self, state: &mut H); }
    impl<T: Hash> Hash for [T] { fn hash<H: Hasher>(&self, state: &mut H); }
    impl<A: Hash, B: Hash> Hash for (A, B) { fn hash<H: Hasher>(&self, state: &mut H); }
    impl<T: Hash> Hash for Option<T> { fn hash<H: Hasher>(&self, state: &mut H); }
}

pub mod convert {
    pub trait From<T>: Sized { fn from(value: T) -> Self; }
    pub trait Into<T>: Sized { fn into(self) -> T; }
    impl<T, U: From<T>> Into<U> for T { fn into(self) -> U; }
    impl<T> From<T> for T { fn from(t: T) -> T; }
    pub trait TryFrom<T>: Sized { type Error; fn try_from(value: T) -> Result<Self, Self::Error>; }
    pub trait TryInto<T>: Sized { type Error; fn try_into(self) -> Result<T, Self::Error>; }
    impl<T, U: TryFrom<T>> TryInto<U> for T { type Error = U::Error; fn try_into(self) -> Result<U, U::Error>; }
    pub trait AsRef<T: ?Sized> { fn as_ref(&self) -> &T; }
    pub trait AsMut<T: ?Sized> { fn as_mut(&mut self) -> &mut T; }
    impl<T: ?Sized + AsRef<U>, U: ?Sized> AsRef<U> for &T { fn as_ref(&self) -> &U; }
    impl AsRef<str> for str { fn as_ref(&self) -> &str; }
    impl AsRef<[u8]> for str { fn as_ref(&self) -> &[u8]; }
    impl<T> AsRef<[T]> for [T] { fn as_ref(&self) -> &[T]; }
    impl<T, const N: usize> AsRef<[T]> for [T; N] { fn as_ref(&self) -> &[T]; }
    pub enum Infallible {}
    pub fn identity<T>(value: T) -> T;
    macro_rules! widens { ($($from:ty => $($to:ty)*;)*) => { $($(impl From<$from> for $to { fn from(value: $from) -> $to; })*)* } }
    widens! {
        u8 => u16 u32 u64 u128 usize i16 i32 i64 i128 isize f32 f64 char; u16 => u32 u64 u128 usize i32 i64 i128 f32 f64;
        u32 => u64 u128 i64 i128 f64; u64 => u128 i128; i8 => i16 i32 i64 i128 isize f32 f64;
        i16 => i32 i64 i128 isize f32 f64; i32 => i64 i128 f64; i64 => i128; f32 => f64; char => u32 u64;
        bool => u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64;
    }
    macro_rules! narrows { ($($from:ty => $($to:ty)*;)*) => { $($(impl TryFrom<$from> for $to { type Error = crate::num::TryFromIntError; fn try_from(value: $from) -> Result<$to, crate::num::TryFromIntError>; })*)* } }
    narrows! {
        u64 => u8 u16 u32 usize i8 i16 i32 i64; i64 => u8 u16 u32 u64 usize i8 i16 i32; usize => u8 u16 u32 u64 i8 i16 i32 i64;
        u32 => u8 u16 usize i8 i16 i32; i32 => u8 u16 u32 u64 usize i8 i16; u128 => u64 usize; i128 => i64 usize;
    }
}

pub mod borrow {
    pub trait Borrow<Borrowed: ?Sized> { fn borrow(&self) -> &Borrowed; }
    pub trait BorrowMut<Borrowed: ?Sized>: Borrow<Borrowed> { fn borrow_mut(&mut self) -> &mut Borrowed; }
    impl<T: ?Sized> Borrow<T> for T { fn borrow(&self) -> &T; }
}

pub mod any {
    pub trait Any: 'static {}
    pub fn type_name<T: ?Sized>() -> &'static str;
}

pub mod mem {
    pub fn drop<T>(value: T);
    pub fn swap<T>(a: &mut T, b: &mut T);
    pub fn take<T: Default>(place: &mut T) -> T;
    pub fn replace<T>(place: &mut T, value: T) -> T;
    pub fn size_of<T>() -> usize;
    pub fn size_of_val<T: ?Sized>(value: &T) -> usize;
    pub fn forget<T>(value: T);
    #[lang = "manually_drop"]
    pub struct ManuallyDrop<T: ?Sized> { value: T }
    pub union MaybeUninit<T> { value: T }
}

pub mod ptr {
    #[lang = "drop_in_place"]
    pub unsafe fn drop_in_place<T: ?Sized>(value: *mut T);
    pub struct NonNull<T: ?Sized> { pointer: *const T }
}

pub mod cell {
    #[lang = "unsafe_cell"]
    pub struct UnsafeCell<T: ?Sized> { value: T }
    pub struct Cell<T: ?Sized> { value: UnsafeCell<T> }
    impl<T> Cell<T> { pub fn new(value: T) -> Cell<T>; pub fn set(&self, value: T); pub fn replace(&self, value: T) -> T; pub fn into_inner(self) -> T; }
    impl<T: Copy> Cell<T> { pub fn get(&self) -> T; }
    pub struct RefCell<T: ?Sized> { value: UnsafeCell<T> }
    pub struct Ref<'b, T: ?Sized> { value: &'b T }
    pub struct RefMut<'b, T: ?Sized> { value: &'b mut T }
    impl<T> RefCell<T> { pub fn new(value: T) -> RefCell<T>; pub fn into_inner(self) -> T; }
    impl<T: ?Sized> RefCell<T> { pub fn borrow(&self) -> Ref<'_, T>; pub fn borrow_mut(&self) -> RefMut<'_, T>; }
    impl<T: ?Sized> crate::ops::Deref for Ref<'_, T> { type Target = T; fn deref(&self) -> &T; }
    impl<T: ?Sized> crate::ops::Deref for RefMut<'_, T> { type Target = T; fn deref(&self) -> &T; }
    impl<T: ?Sized> crate::ops::DerefMut for RefMut<'_, T> { fn deref_mut(&mut self) -> &mut T; }
}

pub mod ops {
    use crate::marker::{PointeeSized, Tuple, Unsize};

    #[lang = "coerce_unsized"]
    pub trait CoerceUnsized<T> {}
    impl<'a, T: PointeeSized + Unsize<U>, U: PointeeSized> CoerceUnsized<&'a mut U> for &'a mut T {}
    impl<'a, 'b: 'a, T: PointeeSized + Unsize<U>, U: PointeeSized> CoerceUnsized<&'a U> for &'b mut T {}
    impl<'a, 'b: 'a, T: PointeeSized + Unsize<U>, U: PointeeSized> CoerceUnsized<&'a U> for &'b T {}
    #[lang = "dispatch_from_dyn"]
    pub trait DispatchFromDyn<T> {}

    #[lang = "deref"]
    pub trait Deref: PointeeSized {
        #[lang = "deref_target"]
        type Target: ?Sized;
        fn deref(&self) -> &Self::Target;
    }
    #[lang = "deref_mut"]
    pub trait DerefMut: Deref + PointeeSized { fn deref_mut(&mut self) -> &mut Self::Target; }
    impl<T: ?Sized> Deref for &T { type Target = T; fn deref(&self) -> &T; }
    impl<T: ?Sized> Deref for &mut T { type Target = T; fn deref(&self) -> &T; }
    impl<T: ?Sized> DerefMut for &mut T { fn deref_mut(&mut self) -> &mut T; }
    #[lang = "receiver"]
    pub trait Receiver: PointeeSized {
        #[lang = "receiver_target"]
        type Target: ?Sized;
    }
    impl<P: PointeeSized + Deref<Target = T>, T: PointeeSized> Receiver for P { type Target = T; }
    #[lang = "drop"]
    pub trait Drop { fn drop(&mut self); }

    #[lang = "index"]
    pub trait Index<Idx: ?Sized> { type Output: ?Sized; fn index(&self, index: Idx) -> &Self::Output; }
    #[lang = "index_mut"]
    pub trait IndexMut<Idx: ?Sized>: Index<Idx> { fn index_mut(&mut self, index: Idx) -> &mut Self::Output; }
    impl<T, I: crate::slice::SliceIndex<[T]>> Index<I> for [T] { type Output = I::Output; fn index(&self, index: I) -> &I::Output; }
    impl<T, I: crate::slice::SliceIndex<[T]>> IndexMut<I> for [T] { fn index_mut(&mut self, index: I) -> &mut I::Output; }
    impl<T, I: crate::slice::SliceIndex<[T]>, const N: usize> Index<I> for [T; N] { type Output = I::Output; fn index(&self, index: I) -> &I::Output; }
    impl<T, I: crate::slice::SliceIndex<[T]>, const N: usize> IndexMut<I> for [T; N] { fn index_mut(&mut self, index: I) -> &mut I::Output; }
    impl<I: crate::slice::SliceIndex<str>> Index<I> for str { type Output = I::Output; fn index(&self, index: I) -> &I::Output; }

    #[lang = "RangeFull"]
    pub struct RangeFull;
    #[lang = "Range"]
    pub struct Range<Idx> { pub start: Idx, pub end: Idx }
    #[lang = "RangeFrom"]
    pub struct RangeFrom<Idx> { pub start: Idx }
    #[lang = "RangeTo"]
    pub struct RangeTo<Idx> { pub end: Idx }
    #[lang = "RangeInclusive"]
    pub struct RangeInclusive<Idx> { pub(crate) start: Idx, pub(crate) end: Idx, pub(crate) exhausted: bool }
    #[lang = "RangeToInclusive"]
    pub struct RangeToInclusive<Idx> { pub end: Idx }
    impl<Idx> Range<Idx> { pub fn contains(&self, item: &Idx) -> bool; pub fn is_empty(&self) -> bool; }
    impl<Idx> RangeInclusive<Idx> { pub fn contains(&self, item: &Idx) -> bool; pub fn start(&self) -> &Idx; pub fn end(&self) -> &Idx; pub fn new(start: Idx, end: Idx) -> Self; }
    impl<Idx: Clone> Clone for Range<Idx> { fn clone(&self) -> Self; }
    impl<Idx: Clone> Clone for RangeInclusive<Idx> { fn clone(&self) -> Self; }
    pub trait RangeBounds<T: ?Sized> {}
    pub enum Bound<T> { Included(T), Excluded(T), Unbounded }
    impl<T> RangeBounds<T> for Range<T> {}
    impl<T> RangeBounds<T> for RangeFrom<T> {}
    impl<T> RangeBounds<T> for RangeTo<T> {}
    impl<T> RangeBounds<T> for RangeInclusive<T> {}
    impl<T: ?Sized> RangeBounds<T> for RangeFull {}

    #[lang = "fn"]
    #[fundamental]
    #[rustc_paren_sugar]
    pub trait Fn<Args: Tuple>: FnMut<Args> { extern "rust-call" fn call(&self, args: Args) -> Self::Output; }
    #[lang = "fn_mut"]
    #[fundamental]
    #[rustc_paren_sugar]
    pub trait FnMut<Args: Tuple>: FnOnce<Args> { extern "rust-call" fn call_mut(&mut self, args: Args) -> Self::Output; }
    #[lang = "fn_once"]
    #[fundamental]
    #[rustc_paren_sugar]
    pub trait FnOnce<Args: Tuple> {
        #[lang = "fn_once_output"]
        type Output;
        extern "rust-call" fn call_once(self, args: Args) -> Self::Output;
    }
    impl<A: Tuple, F: ?Sized + Fn<A>> Fn<A> for &F { extern "rust-call" fn call(&self, args: A) -> F::Output; }
    impl<A: Tuple, F: ?Sized + Fn<A>> FnMut<A> for &F { extern "rust-call" fn call_mut(&mut self, args: A) -> F::Output; }
    impl<A: Tuple, F: ?Sized + Fn<A>> FnOnce<A> for &F { type Output = F::Output; extern "rust-call" fn call_once(self, args: A) -> F::Output; }
    impl<A: Tuple, F: ?Sized + FnMut<A>> FnMut<A> for &mut F { extern "rust-call" fn call_mut(&mut self, args: A) -> F::Output; }
    impl<A: Tuple, F: ?Sized + FnMut<A>> FnOnce<A> for &mut F { type Output = F::Output; extern "rust-call" fn call_once(self, args: A) -> F::Output; }

    use crate::convert::Infallible;
    pub enum ControlFlow<B, C = ()> {
        #[lang = "Continue"]
        Continue(C),
        #[lang = "Break"]
        Break(B),
    }
    pub trait FromResidual<R = <Self as Try>::Residual> {
        #[lang = "from_residual"]
        fn from_residual(residual: R) -> Self;
    }
    #[lang = "Try"]
    pub trait Try: FromResidual<Self::Residual> {
        type Output;
        type Residual;
        #[lang = "from_output"]
        fn from_output(output: Self::Output) -> Self;
        #[lang = "branch"]
        fn branch(self) -> ControlFlow<Self::Residual, Self::Output>;
    }
    impl<T> Try for Option<T> {
        type Output = T;
        type Residual = Option<Infallible>;
        fn from_output(output: T) -> Self;
        fn branch(self) -> ControlFlow<Option<Infallible>, T>;
    }
    impl<T> FromResidual<Option<Infallible>> for Option<T> { fn from_residual(residual: Option<Infallible>) -> Self; }
    impl<T, E> Try for Result<T, E> {
        type Output = T;
        type Residual = Result<Infallible, E>;
        fn from_output(output: T) -> Self;
        fn branch(self) -> ControlFlow<Result<Infallible, E>, T>;
    }
    impl<T, E, F: From<E>> FromResidual<Result<Infallible, E>> for Result<T, F> { fn from_residual(residual: Result<Infallible, E>) -> Self; }

    #[lang = "not"]
    pub trait Not { type Output; fn not(self) -> Self::Output; }
    #[lang = "neg"]
    pub trait Neg { type Output; fn neg(self) -> Self::Output; }
    impl Not for bool { type Output = bool; fn not(self) -> bool; }
    macro_rules! binary {
        ($($lang:literal $trait:ident $method:ident, $lang_assign:literal $assign:ident $method_assign:ident: $($t:ty)*;)*) => { $(
            #[lang = $lang]
            pub trait $trait<Rhs = Self> { type Output; fn $method(self, rhs: Rhs) -> Self::Output; }
            #[lang = $lang_assign]
            pub trait $assign<Rhs = Self> { fn $method_assign(&mut self, rhs: Rhs); }
            $(
                impl $trait for $t { type Output = $t; fn $method(self, rhs: $t) -> $t; }
                impl $trait<&$t> for $t { type Output = $t; fn $method(self, rhs: &$t) -> $t; }
                impl $trait<$t> for &$t { type Output = $t; fn $method(self, rhs: $t) -> $t; }
                impl $trait<&$t> for &$t { type Output = $t; fn $method(self, rhs: &$t) -> $t; }
                impl $assign for $t { fn $method_assign(&mut self, rhs: $t); }
                impl $assign<&$t> for $t { fn $method_assign(&mut self, rhs: &$t); }
            )*
        )* };
    }
    binary! {
        "add" Add add, "add_assign" AddAssign add_assign: usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64;
        "sub" Sub sub, "sub_assign" SubAssign sub_assign: usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64;
        "mul" Mul mul, "mul_assign" MulAssign mul_assign: usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64;
        "div" Div div, "div_assign" DivAssign div_assign: usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64;
        "rem" Rem rem, "rem_assign" RemAssign rem_assign: usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64;
        "bitand" BitAnd bitand, "bitand_assign" BitAndAssign bitand_assign: bool usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128;
        "bitor" BitOr bitor, "bitor_assign" BitOrAssign bitor_assign: bool usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128;
        "bitxor" BitXor bitxor, "bitxor_assign" BitXorAssign bitxor_assign: bool usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128;
        "shl" Shl shl, "shl_assign" ShlAssign shl_assign: usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128;
        "shr" Shr shr, "shr_assign" ShrAssign shr_assign: usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128;
    }
    macro_rules! signed { ($($t:ty)*) => { $(
        impl Neg for $t { type Output = $t; fn neg(self) -> $t; }
        impl Neg for &$t { type Output = $t; fn neg(self) -> $t; }
    )* } }
    signed! { isize i8 i16 i32 i64 i128 f32 f64 }
    macro_rules! nots { ($($t:ty)*) => { $(impl Not for $t { type Output = $t; fn not(self) -> $t; })* } }
    nots! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 }
}

pub mod cmp {
    use crate::marker::PointeeSized;
    #[lang = "eq"]
    pub trait PartialEq<Rhs: PointeeSized = Self>: PointeeSized { fn eq(&self, other: &Rhs) -> bool; fn ne(&self, other: &Rhs) -> bool {} }
    pub trait Eq: PartialEq<Self> + PointeeSized {}
    #[rustc_builtin_macro]
    pub macro PartialEq($item:item) {}
    #[rustc_builtin_macro]
    pub macro Eq($item:item) {}
    #[lang = "partial_ord"]
    pub trait PartialOrd<Rhs: PointeeSized = Self>: PartialEq<Rhs> + PointeeSized { fn partial_cmp(&self, other: &Rhs) -> Option<Ordering>; }
    pub trait Ord: Eq + PartialOrd<Self> + PointeeSized {
        fn cmp(&self, other: &Self) -> Ordering;
        fn max(self, other: Self) -> Self where Self: Sized {}
        fn min(self, other: Self) -> Self where Self: Sized {}
        fn clamp(self, low: Self, high: Self) -> Self where Self: Sized {}
    }
    #[rustc_builtin_macro]
    pub macro PartialOrd($item:item) {}
    #[rustc_builtin_macro]
    pub macro Ord($item:item) {}
    pub enum Ordering { Less = -1, Equal = 0, Greater = 1 }
    impl Ordering { pub fn reverse(self) -> Ordering; pub fn then(self, other: Ordering) -> Ordering; pub fn then_with<F: FnOnce() -> Ordering>(self, f: F) -> Ordering; pub fn is_lt(self) -> bool; pub fn is_gt(self) -> bool; pub fn is_eq(self) -> bool; }
    impl Clone for Ordering { fn clone(&self) -> Self; }
    impl Copy for Ordering {}
    pub struct Reverse<T>(pub T);
    pub fn max<T: Ord>(a: T, b: T) -> T;
    pub fn min<T: Ord>(a: T, b: T) -> T;
    macro_rules! compares { ($($t:ty)*) => { $(
        impl PartialEq for $t { fn eq(&self, other: &$t) -> bool; }
        impl PartialOrd for $t { fn partial_cmp(&self, other: &$t) -> Option<Ordering>; }
    )* } }
    compares! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char str () }
    macro_rules! orders { ($($t:ty)*) => { $(impl Eq for $t {} impl Ord for $t { fn cmp(&self, other: &$t) -> Ordering; })* } }
    orders! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 bool char str () }
    impl<A: ?Sized + PartialEq<B>, B: ?Sized> PartialEq<&B> for &A { fn eq(&self, other: &&B) -> bool; }
    impl<A: ?Sized + PartialOrd<B>, B: ?Sized> PartialOrd<&B> for &A { fn partial_cmp(&self, other: &&B) -> Option<Ordering>; }
    impl<A: ?Sized + Eq> Eq for &A {}
    impl<A: ?Sized + Ord> Ord for &A { fn cmp(&self, other: &Self) -> Ordering; }
    impl<T: PartialEq<U>, U> PartialEq<[U]> for [T] { fn eq(&self, other: &[U]) -> bool; }
    impl<T: PartialEq<U>, U, const N: usize> PartialEq<[U; N]> for [T; N] { fn eq(&self, other: &[U; N]) -> bool; }
    impl<T: Eq> Eq for [T] {}
    impl<T: PartialEq> PartialEq for Option<T> { fn eq(&self, other: &Self) -> bool; }
    impl<T: Eq> Eq for Option<T> {}
    impl<T: PartialOrd> PartialOrd for Option<T> { fn partial_cmp(&self, other: &Self) -> Option<Ordering>; }
    impl<T: Ord> Ord for Option<T> { fn cmp(&self, other: &Self) -> Ordering; }
    impl<A: PartialEq, B: PartialEq> PartialEq for (A, B) { fn eq(&self, other: &Self) -> bool; }
    impl<A: Eq, B: Eq> Eq for (A, B) {}
    impl<A: PartialOrd, B: PartialOrd> PartialOrd for (A, B) { fn partial_cmp(&self, other: &Self) -> Option<Ordering>; }
    impl<A: Ord, B: Ord> Ord for (A, B) { fn cmp(&self, other: &Self) -> Ordering; }
}

pub mod fmt {
    use crate::marker::PointeeSized;
    pub struct Error;
    pub type Result = crate::result::Result<(), Error>;
    pub struct Formatter<'a>(&'a ());
    impl<'a> Formatter<'a> { pub fn write_str(&mut self, text: &str) -> Result; pub fn write_fmt(&mut self, args: Arguments<'_>) -> Result; pub fn pad(&mut self, text: &str) -> Result; pub fn alternate(&self) -> bool; }
    pub trait Write { fn write_str(&mut self, text: &str) -> Result; fn write_fmt(&mut self, args: Arguments<'_>) -> Result {} }
    pub trait Debug: PointeeSized { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    pub trait Display: PointeeSized { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    pub(crate) mod derive {
        #[rustc_builtin_macro]
        pub macro Debug($item:item) {}
    }
    pub use derive::Debug;
    #[lang = "format_arguments"]
    pub struct Arguments<'a> { message: &'a str }
    macro_rules! shows { ($($t:ty)*) => { $(
        impl Debug for $t { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
        impl Display for $t { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    )* } }
    shows! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char str }
    impl<T: ?Sized + Debug> Debug for &T { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    impl<T: ?Sized + Display> Display for &T { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    impl<T: Debug> Debug for [T] { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    impl<T: Debug, const N: usize> Debug for [T; N] { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    impl<T: Debug> Debug for Option<T> { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    impl<T: Debug, E: Debug> Debug for crate::result::Result<T, E> { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    impl Debug for () { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    impl<A: Debug, B: Debug> Debug for (A, B) { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
}

pub mod option {
    #[lang = "Option"]
    pub enum Option<T> {
        #[lang = "None"]
        None,
        #[lang = "Some"]
        Some(T),
    }
    impl<T: Copy> Copy for Option<T> {}
    impl<T: Clone> Clone for Option<T> { fn clone(&self) -> Self; }
    impl<T> Option<T> {
        pub fn is_some(&self) -> bool;
        pub fn is_none(&self) -> bool;
        pub fn is_some_and<F: FnOnce(T) -> bool>(self, f: F) -> bool;
        pub fn is_none_or<F: FnOnce(T) -> bool>(self, f: F) -> bool;
        pub fn unwrap(self) -> T;
        pub fn expect(self, message: &str) -> T;
        pub fn unwrap_or(self, default: T) -> T;
        pub fn unwrap_or_else<F: FnOnce() -> T>(self, f: F) -> T;
        pub fn unwrap_or_default(self) -> T where T: Default;
        pub fn as_ref(&self) -> Option<&T>;
        pub fn as_mut(&mut self) -> Option<&mut T>;
        pub fn as_deref(&self) -> Option<&T::Target> where T: crate::ops::Deref;
        pub fn map<U, F: FnOnce(T) -> U>(self, f: F) -> Option<U>;
        pub fn inspect<F: FnOnce(&T)>(self, f: F) -> Self;
        pub fn map_or<U, F: FnOnce(T) -> U>(self, default: U, f: F) -> U;
        pub fn map_or_else<U, D: FnOnce() -> U, F: FnOnce(T) -> U>(self, default: D, f: F) -> U;
        pub fn ok_or<E>(self, error: E) -> Result<T, E>;
        pub fn ok_or_else<E, F: FnOnce() -> E>(self, f: F) -> Result<T, E>;
        pub fn and<U>(self, other: Option<U>) -> Option<U>;
        pub fn and_then<U, F: FnOnce(T) -> Option<U>>(self, f: F) -> Option<U>;
        pub fn filter<P: FnOnce(&T) -> bool>(self, f: P) -> Option<T>;
        pub fn or(self, other: Option<T>) -> Option<T>;
        pub fn or_else<F: FnOnce() -> Option<T>>(self, f: F) -> Option<T>;
        pub fn take(&mut self) -> Option<T>;
        pub fn replace(&mut self, value: T) -> Option<T>;
        pub fn insert(&mut self, value: T) -> &mut T;
        pub fn get_or_insert(&mut self, value: T) -> &mut T;
        pub fn get_or_insert_with<F: FnOnce() -> T>(&mut self, f: F) -> &mut T;
        pub fn zip<U>(self, other: Option<U>) -> Option<(T, U)>;
        pub fn iter(&self) -> Iter<'_, T>;
    }
    impl<T> Option<&T> { pub fn copied(self) -> Option<T> where T: Copy; pub fn cloned(self) -> Option<T> where T: Clone; }
    impl<T, E> Option<Result<T, E>> { pub fn transpose(self) -> Result<Option<T>, E>; }
    impl<T> Option<Option<T>> { pub fn flatten(self) -> Option<T>; }
    pub struct Iter<'a, T> { item: &'a T }
    impl<'a, T> Iterator for Iter<'a, T> { type Item = &'a T; fn next(&mut self) -> Option<&'a T>; }
    pub struct IntoIter<T> { item: T }
    impl<T> Iterator for IntoIter<T> { type Item = T; fn next(&mut self) -> Option<T>; }
    impl<T> IntoIterator for Option<T> { type Item = T; type IntoIter = IntoIter<T>; fn into_iter(self) -> IntoIter<T>; }
    impl<T> From<T> for Option<T> { fn from(value: T) -> Self; }
}

pub mod result {
    #[lang = "Result"]
    pub enum Result<T, E> {
        #[lang = "Ok"]
        Ok(T),
        #[lang = "Err"]
        Err(E),
    }
    impl<T: Clone, E: Clone> Clone for Result<T, E> { fn clone(&self) -> Self; }
    impl<T, E> Result<T, E> {
        pub fn is_ok(&self) -> bool;
        pub fn is_err(&self) -> bool;
        pub fn ok(self) -> Option<T>;
        pub fn err(self) -> Option<E>;
        pub fn as_ref(&self) -> Result<&T, &E>;
        pub fn map<U, F: FnOnce(T) -> U>(self, f: F) -> Result<U, E>;
        pub fn map_or<U, F: FnOnce(T) -> U>(self, default: U, f: F) -> U;
        pub fn map_err<F, O: FnOnce(E) -> F>(self, f: O) -> Result<T, F>;
        pub fn and_then<U, F: FnOnce(T) -> Result<U, E>>(self, f: F) -> Result<U, E>;
        pub fn or_else<F, O: FnOnce(E) -> Result<T, F>>(self, f: O) -> Result<T, F>;
        pub fn unwrap(self) -> T where E: crate::fmt::Debug;
        pub fn expect(self, message: &str) -> T where E: crate::fmt::Debug;
        pub fn unwrap_err(self) -> E where T: crate::fmt::Debug;
        pub fn unwrap_or(self, default: T) -> T;
        pub fn unwrap_or_else<F: FnOnce(E) -> T>(self, f: F) -> T;
        pub fn unwrap_or_default(self) -> T where T: Default;
    }
    impl<T, E> Result<Option<T>, E> { pub fn transpose(self) -> Option<Result<T, E>>; }
}

pub mod pin {
    #[lang = "pin"]
    #[fundamental]
    pub struct Pin<P> { pointer: P }
}
pub mod task {
    #[lang = "Poll"]
    pub enum Poll<T> {
        #[lang = "Ready"]
        Ready(T),
        #[lang = "Pending"]
        Pending,
    }
    #[lang = "Context"]
    pub struct Context<'a> { waker: &'a () }
}
pub mod future {
    use crate::{pin::Pin, task::{Context, Poll}};
    #[lang = "future_trait"]
    pub trait Future {
        #[lang = "future_output"]
        type Output;
        #[lang = "poll"]
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output>;
    }
    pub trait IntoFuture {
        type Output;
        type IntoFuture: Future<Output = Self::Output>;
        #[lang = "into_future"]
        fn into_future(self) -> Self::IntoFuture;
    }
    impl<F: Future> IntoFuture for F { type Output = F::Output; type IntoFuture = F; fn into_future(self) -> F; }
}

pub mod iter {
    #[lang = "iterator"]
    pub trait Iterator {
        type Item;
        #[lang = "next"]
        fn next(&mut self) -> Option<Self::Item>;
        fn size_hint(&self) -> (usize, Option<usize>) {}
        fn count(self) -> usize where Self: Sized {}
        fn last(self) -> Option<Self::Item> where Self: Sized {}
        fn nth(&mut self, n: usize) -> Option<Self::Item> {}
        fn step_by(self, step: usize) -> StepBy<Self> where Self: Sized {}
        fn chain<U: IntoIterator<Item = Self::Item>>(self, other: U) -> Chain<Self, U::IntoIter> where Self: Sized {}
        fn zip<U: IntoIterator>(self, other: U) -> Zip<Self, U::IntoIter> where Self: Sized {}
        fn map<B, F: FnMut(Self::Item) -> B>(self, f: F) -> Map<Self, F> where Self: Sized {}
        fn for_each<F: FnMut(Self::Item)>(self, f: F) where Self: Sized {}
        fn filter<P: FnMut(&Self::Item) -> bool>(self, f: P) -> Filter<Self, P> where Self: Sized {}
        fn filter_map<B, F: FnMut(Self::Item) -> Option<B>>(self, f: F) -> FilterMap<Self, F> where Self: Sized {}
        fn enumerate(self) -> Enumerate<Self> where Self: Sized {}
        fn peekable(self) -> Peekable<Self> where Self: Sized {}
        fn skip_while<P: FnMut(&Self::Item) -> bool>(self, f: P) -> SkipWhile<Self, P> where Self: Sized {}
        fn take_while<P: FnMut(&Self::Item) -> bool>(self, f: P) -> TakeWhile<Self, P> where Self: Sized {}
        fn skip(self, n: usize) -> Skip<Self> where Self: Sized {}
        fn take(self, n: usize) -> Take<Self> where Self: Sized {}
        fn scan<St, B, F: FnMut(&mut St, Self::Item) -> Option<B>>(self, state: St, f: F) -> Scan<Self, St, F> where Self: Sized {}
        fn flat_map<U: IntoIterator, F: FnMut(Self::Item) -> U>(self, f: F) -> FlatMap<Self, U, F> where Self: Sized {}
        fn flatten(self) -> Flatten<Self> where Self: Sized, Self::Item: IntoIterator {}
        fn inspect<F: FnMut(&Self::Item)>(self, f: F) -> Inspect<Self, F> where Self: Sized {}
        fn by_ref(&mut self) -> &mut Self where Self: Sized {}
        fn collect<B: FromIterator<Self::Item>>(self) -> B where Self: Sized {}
        fn partition<B: Default + Extend<Self::Item>, F: FnMut(&Self::Item) -> bool>(self, f: F) -> (B, B) where Self: Sized {}
        fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, f: F) -> B where Self: Sized {}
        fn reduce<F: FnMut(Self::Item, Self::Item) -> Self::Item>(self, f: F) -> Option<Self::Item> where Self: Sized {}
        fn all<F: FnMut(Self::Item) -> bool>(&mut self, f: F) -> bool where Self: Sized {}
        fn any<F: FnMut(Self::Item) -> bool>(&mut self, f: F) -> bool where Self: Sized {}
        fn find<P: FnMut(&Self::Item) -> bool>(&mut self, f: P) -> Option<Self::Item> where Self: Sized {}
        fn find_map<B, F: FnMut(Self::Item) -> Option<B>>(&mut self, f: F) -> Option<B> where Self: Sized {}
        fn position<P: FnMut(Self::Item) -> bool>(&mut self, f: P) -> Option<usize> where Self: Sized {}
        fn max(self) -> Option<Self::Item> where Self: Sized, Self::Item: Ord {}
        fn min(self) -> Option<Self::Item> where Self: Sized, Self::Item: Ord {}
        fn max_by_key<B: Ord, F: FnMut(&Self::Item) -> B>(self, f: F) -> Option<Self::Item> where Self: Sized {}
        fn min_by_key<B: Ord, F: FnMut(&Self::Item) -> B>(self, f: F) -> Option<Self::Item> where Self: Sized {}
        fn max_by<F: FnMut(&Self::Item, &Self::Item) -> crate::cmp::Ordering>(self, f: F) -> Option<Self::Item> where Self: Sized {}
        fn min_by<F: FnMut(&Self::Item, &Self::Item) -> crate::cmp::Ordering>(self, f: F) -> Option<Self::Item> where Self: Sized {}
        fn rev(self) -> Rev<Self> where Self: Sized + DoubleEndedIterator {}
        fn unzip<A, B, FromA: Default + Extend<A>, FromB: Default + Extend<B>>(self) -> (FromA, FromB) where Self: Sized + Iterator<Item = (A, B)> {}
        fn copied<'a, T: 'a + Copy>(self) -> Copied<Self> where Self: Sized + Iterator<Item = &'a T> {}
        fn cloned<'a, T: 'a + Clone>(self) -> Cloned<Self> where Self: Sized + Iterator<Item = &'a T> {}
        fn cycle(self) -> Cycle<Self> where Self: Sized + Clone {}
        fn sum<S: Sum<Self::Item>>(self) -> S where Self: Sized {}
        fn product<P: Product<Self::Item>>(self) -> P where Self: Sized {}
        fn is_sorted(self) -> bool where Self: Sized, Self::Item: PartialOrd {}
    }
    pub trait DoubleEndedIterator: Iterator { fn next_back(&mut self) -> Option<Self::Item>; }
    pub trait ExactSizeIterator: Iterator { fn len(&self) -> usize {} }
    pub trait FusedIterator: Iterator {}
    pub trait Extend<A> { fn extend<T: IntoIterator<Item = A>>(&mut self, iter: T); }
    pub trait FromIterator<A>: Sized { fn from_iter<T: IntoIterator<Item = A>>(iter: T) -> Self; }
    pub trait IntoIterator {
        type Item;
        type IntoIter: Iterator<Item = Self::Item>;
        #[lang = "into_iter"]
        fn into_iter(self) -> Self::IntoIter;
    }
    impl<I: Iterator> IntoIterator for I { type Item = I::Item; type IntoIter = I; fn into_iter(self) -> I; }
    impl<I: Iterator + ?Sized> Iterator for &mut I { type Item = I::Item; fn next(&mut self) -> Option<I::Item>; }
    pub trait Sum<A = Self>: Sized { fn sum<I: Iterator<Item = A>>(iter: I) -> Self; }
    pub trait Product<A = Self>: Sized { fn product<I: Iterator<Item = A>>(iter: I) -> Self; }
    macro_rules! sums { ($($t:ty)*) => { $(
        impl Sum for $t { fn sum<I: Iterator<Item = $t>>(iter: I) -> $t; }
        impl<'a> Sum<&'a $t> for $t { fn sum<I: Iterator<Item = &'a $t>>(iter: I) -> $t; }
        impl Product for $t { fn product<I: Iterator<Item = $t>>(iter: I) -> $t; }
        impl<'a> Product<&'a $t> for $t { fn product<I: Iterator<Item = &'a $t>>(iter: I) -> $t; }
    )* } }
    sums! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 }
    impl<T, U: Sum<T>, E> Sum<Result<T, E>> for Result<U, E> { fn sum<I: Iterator<Item = Result<T, E>>>(iter: I) -> Self; }
    impl<A, E, V: FromIterator<A>> FromIterator<Result<A, E>> for Result<V, E> { fn from_iter<I: IntoIterator<Item = Result<A, E>>>(iter: I) -> Self; }
    impl<A, V: FromIterator<A>> FromIterator<Option<A>> for Option<V> { fn from_iter<I: IntoIterator<Item = Option<A>>>(iter: I) -> Self; }

    macro_rules! adapters { ($($name:ident<$($p:ident),*> [$($bound:tt)*] => $item:ty;)*) => { $(
        pub struct $name<$($p),*> { parts: ($($p,)*) }
        impl<$($p),*> Iterator for $name<$($p),*> where $($bound)* { type Item = $item; fn next(&mut self) -> Option<$item>; }
        impl<$($p),*> DoubleEndedIterator for $name<$($p),*> where $($bound)* { fn next_back(&mut self) -> Option<$item>; }
        impl<$($p),*> ExactSizeIterator for $name<$($p),*> where $($bound)* {}
        impl<$($p: Clone),*> Clone for $name<$($p),*> { fn clone(&self) -> Self; }
    )* } }
    adapters! {
        StepBy<I> [I: Iterator] => I::Item; Chain<A, B> [A: Iterator, B: Iterator<Item = A::Item>] => A::Item;
        Zip<A, B> [A: Iterator, B: Iterator] => (A::Item, B::Item); Filter<I, P> [I: Iterator, P: FnMut(&I::Item) -> bool] => I::Item;
        Enumerate<I> [I: Iterator] => (usize, I::Item); Peekable<I> [I: Iterator] => I::Item;
        SkipWhile<I, P> [I: Iterator] => I::Item; TakeWhile<I, P> [I: Iterator] => I::Item; Skip<I> [I: Iterator] => I::Item;
        Take<I> [I: Iterator] => I::Item; Inspect<I, F> [I: Iterator] => I::Item; Rev<I> [I: Iterator] => I::Item;
        Cycle<I> [I: Iterator] => I::Item; Flatten<I> [I: Iterator, I::Item: IntoIterator] => <I::Item as IntoIterator>::Item;
        FlatMap<I, U, F> [I: Iterator, U: IntoIterator, F: FnMut(I::Item) -> U] => U::Item;
    }
    impl<I: Iterator> Peekable<I> { pub fn peek(&mut self) -> Option<&I::Item>; }
    pub struct Map<I, F> { parts: (I, F) }
    impl<B, I: Iterator, F: FnMut(I::Item) -> B> Iterator for Map<I, F> { type Item = B; fn next(&mut self) -> Option<B>; }
    impl<B, I: Iterator, F: FnMut(I::Item) -> B> DoubleEndedIterator for Map<I, F> { fn next_back(&mut self) -> Option<B>; }
    impl<B, I: Iterator, F: FnMut(I::Item) -> B> ExactSizeIterator for Map<I, F> {}
    impl<I: Clone, F: Clone> Clone for Map<I, F> { fn clone(&self) -> Self; }
    pub struct FilterMap<I, F> { parts: (I, F) }
    impl<B, I: Iterator, F: FnMut(I::Item) -> Option<B>> Iterator for FilterMap<I, F> { type Item = B; fn next(&mut self) -> Option<B>; }
    pub struct Scan<I, St, F> { parts: (I, St, F) }
    impl<B, I: Iterator, St, F: FnMut(&mut St, I::Item) -> Option<B>> Iterator for Scan<I, St, F> { type Item = B; fn next(&mut self) -> Option<B>; }
    pub struct Copied<I> { it: I }
    impl<'a, T: 'a + Copy, I: Iterator<Item = &'a T>> Iterator for Copied<I> { type Item = T; fn next(&mut self) -> Option<T>; }
    impl<'a, T: 'a + Copy, I: Iterator<Item = &'a T>> DoubleEndedIterator for Copied<I> { fn next_back(&mut self) -> Option<T>; }
    pub struct Cloned<I> { it: I }
    impl<'a, T: 'a + Clone, I: Iterator<Item = &'a T>> Iterator for Cloned<I> { type Item = T; fn next(&mut self) -> Option<T>; }
    impl<'a, T: 'a + Clone, I: Iterator<Item = &'a T>> DoubleEndedIterator for Cloned<I> { fn next_back(&mut self) -> Option<T>; }
    pub struct Once<T> { item: T }
    pub struct Repeat<T> { item: T }
    pub struct RepeatN<T> { item: T }
    pub struct Empty<T> { item: T }
    pub fn once<T>(item: T) -> Once<T>;
    pub fn repeat<T: Clone>(item: T) -> Repeat<T>;
    pub fn repeat_n<T: Clone>(item: T, n: usize) -> RepeatN<T>;
    pub fn empty<T>() -> Empty<T>;
    impl<T> Iterator for Once<T> { type Item = T; fn next(&mut self) -> Option<T>; }
    impl<T: Clone> Iterator for Repeat<T> { type Item = T; fn next(&mut self) -> Option<T>; }
    impl<T: Clone> Iterator for RepeatN<T> { type Item = T; fn next(&mut self) -> Option<T>; }
    impl<T> Iterator for Empty<T> { type Item = T; fn next(&mut self) -> Option<T>; }
    pub struct FromFn<F>(F);
    pub fn from_fn<T, F: FnMut() -> Option<T>>(f: F) -> FromFn<F>;
    impl<T, F: FnMut() -> Option<T>> Iterator for FromFn<F> { type Item = T; fn next(&mut self) -> Option<T>; }
    pub struct Successors<T, F> { next: Option<T>, f: F }
    pub fn successors<T, F: FnMut(&T) -> Option<T>>(first: Option<T>, f: F) -> Successors<T, F>;
    impl<T, F: FnMut(&T) -> Option<T>> Iterator for Successors<T, F> { type Item = T; fn next(&mut self) -> Option<T>; }
    pub struct RepeatWith<F> { f: F }
    pub fn repeat_with<T, F: FnMut() -> T>(f: F) -> RepeatWith<F>;
    impl<T, F: FnMut() -> T> Iterator for RepeatWith<F> { type Item = T; fn next(&mut self) -> Option<T>; }

    pub trait Step {}
    macro_rules! steps { ($($t:ty)*) => { $(impl Step for $t {})* } }
    steps! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 char }
    use crate::ops::{Range, RangeFrom, RangeInclusive};
    impl<A: Step> Iterator for Range<A> { type Item = A; fn next(&mut self) -> Option<A>; }
    impl<A: Step> DoubleEndedIterator for Range<A> { fn next_back(&mut self) -> Option<A>; }
    impl<A: Step> ExactSizeIterator for Range<A> {}
    impl<A: Step> Iterator for RangeFrom<A> { type Item = A; fn next(&mut self) -> Option<A>; }
    impl<A: Step> Iterator for RangeInclusive<A> { type Item = A; fn next(&mut self) -> Option<A>; }
    impl<A: Step> DoubleEndedIterator for RangeInclusive<A> { fn next_back(&mut self) -> Option<A>; }
}

pub mod array {
    pub struct IntoIter<T, const N: usize> { data: [T; N] }
    impl<T, const N: usize> Iterator for IntoIter<T, N> { type Item = T; fn next(&mut self) -> Option<T>; }
    impl<T, const N: usize> DoubleEndedIterator for IntoIter<T, N> { fn next_back(&mut self) -> Option<T>; }
    impl<T, const N: usize> IntoIterator for [T; N] { type Item = T; type IntoIter = IntoIter<T, N>; fn into_iter(self) -> IntoIter<T, N>; }
    impl<'a, T, const N: usize> IntoIterator for &'a [T; N] { type Item = &'a T; type IntoIter = crate::slice::Iter<'a, T>; fn into_iter(self) -> crate::slice::Iter<'a, T>; }
    impl<T, const N: usize> [T; N] { pub fn map<F: FnMut(T) -> U, U>(self, f: F) -> [U; N]; pub fn as_slice(&self) -> &[T]; }
    impl<T: Copy, const N: usize> Copy for [T; N] {}
    impl<T: Clone, const N: usize> Clone for [T; N] { fn clone(&self) -> Self; }
    pub fn from_fn<T, const N: usize, F: FnMut(usize) -> T>(f: F) -> [T; N];
}

pub mod slice {
    pub trait SliceIndex<T: ?Sized> { type Output: ?Sized; }
    impl<T> SliceIndex<[T]> for usize { type Output = T; }
    macro_rules! ranges { ($($t:ty)*) => { $(
        impl<T> SliceIndex<[T]> for $t { type Output = [T]; }
        impl SliceIndex<str> for $t { type Output = str; }
    )* } }
    use crate::ops::*;
    ranges! { Range<usize> RangeFrom<usize> RangeTo<usize> RangeFull RangeInclusive<usize> RangeToInclusive<usize> }
    pub struct Iter<'a, T> { slice: &'a [T] }
    impl<'a, T> Iterator for Iter<'a, T> { type Item = &'a T; fn next(&mut self) -> Option<&'a T>; }
    impl<'a, T> DoubleEndedIterator for Iter<'a, T> { fn next_back(&mut self) -> Option<&'a T>; }
    impl<'a, T> ExactSizeIterator for Iter<'a, T> {}
    impl<'a, T> Clone for Iter<'a, T> { fn clone(&self) -> Self; }
    pub struct IterMut<'a, T> { slice: &'a mut [T] }
    impl<'a, T> Iterator for IterMut<'a, T> { type Item = &'a mut T; fn next(&mut self) -> Option<&'a mut T>; }
    impl<'a, T> IntoIterator for &'a [T] { type Item = &'a T; type IntoIter = Iter<'a, T>; fn into_iter(self) -> Iter<'a, T>; }
    impl<'a, T> IntoIterator for &'a mut [T] { type Item = &'a mut T; type IntoIter = IterMut<'a, T>; fn into_iter(self) -> IterMut<'a, T>; }
    macro_rules! pieces { ($($name:ident)*) => { $(
        pub struct $name<'a, T> { slice: &'a [T] }
        impl<'a, T> Iterator for $name<'a, T> { type Item = &'a [T]; fn next(&mut self) -> Option<&'a [T]>; }
    )* } }
    pieces! { Windows Chunks ChunksExact }
    impl<T> [T] {
        #[lang = "slice_len_fn"]
        pub fn len(&self) -> usize;
        pub fn is_empty(&self) -> bool;
        pub fn first(&self) -> Option<&T>;
        pub fn last(&self) -> Option<&T>;
        pub fn get<I: SliceIndex<[T]>>(&self, index: I) -> Option<&I::Output>;
        pub fn get_mut<I: SliceIndex<[T]>>(&mut self, index: I) -> Option<&mut I::Output>;
        pub fn iter(&self) -> Iter<'_, T>;
        pub fn iter_mut(&mut self) -> IterMut<'_, T>;
        pub fn swap(&mut self, a: usize, b: usize);
        pub fn reverse(&mut self);
        pub fn windows(&self, size: usize) -> Windows<'_, T>;
        pub fn chunks(&self, size: usize) -> Chunks<'_, T>;
        pub fn chunks_exact(&self, size: usize) -> ChunksExact<'_, T>;
        pub fn split_at(&self, mid: usize) -> (&[T], &[T]);
        pub fn split_first(&self) -> Option<(&T, &[T])>;
        pub fn split_last(&self) -> Option<(&T, &[T])>;
        pub fn contains(&self, x: &T) -> bool where T: PartialEq;
        pub fn starts_with(&self, x: &[T]) -> bool where T: PartialEq;
        pub fn binary_search(&self, x: &T) -> Result<usize, usize> where T: Ord;
        pub fn partition_point<P: FnMut(&T) -> bool>(&self, f: P) -> usize;
        pub fn sort_unstable(&mut self) where T: Ord;
        pub fn sort_unstable_by<F: FnMut(&T, &T) -> crate::cmp::Ordering>(&mut self, f: F);
        pub fn sort_unstable_by_key<K: Ord, F: FnMut(&T) -> K>(&mut self, f: F);
        pub fn fill(&mut self, value: T) where T: Clone;
        pub fn copy_from_slice(&mut self, src: &[T]) where T: Copy;
        pub fn is_sorted(&self) -> bool where T: PartialOrd;
        pub fn rotate_left(&mut self, mid: usize);
    }
}

pub mod str {
    pub trait FromStr: Sized { type Err; fn from_str(s: &str) -> Result<Self, Self::Err>; }
    impl FromStr for f64 { type Err = crate::num::ParseFloatError; fn from_str(s: &str) -> Result<f64, crate::num::ParseFloatError>; }
    impl FromStr for f32 { type Err = crate::num::ParseFloatError; fn from_str(s: &str) -> Result<f32, crate::num::ParseFloatError>; }
    impl FromStr for bool { type Err = ParseBoolError; fn from_str(s: &str) -> Result<bool, ParseBoolError>; }
    macro_rules! parses { ($($t:ty)*) => { $(impl FromStr for $t { type Err = crate::num::ParseIntError; fn from_str(s: &str) -> Result<$t, crate::num::ParseIntError>; })* } }
    parses! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 }
    pub struct ParseBoolError;
    pub struct Utf8Error;
    pub fn from_utf8(bytes: &[u8]) -> Result<&str, Utf8Error>;
    pub trait Pattern {}
    mod pattern {
        use super::Pattern;
        impl Pattern for char {}
        impl Pattern for &str {}
        impl<F: FnMut(char) -> bool> Pattern for F {}
        impl<const N: usize> Pattern for [char; N] {}
        impl Pattern for &[char] {}
    }
    macro_rules! texts { ($($name:ident => $item:ty;)*) => { $(
        pub struct $name<'a> { text: &'a str }
        impl<'a> Iterator for $name<'a> { type Item = $item; fn next(&mut self) -> Option<$item>; }
        impl<'a> DoubleEndedIterator for $name<'a> { fn next_back(&mut self) -> Option<$item>; }
        impl<'a> Clone for $name<'a> { fn clone(&self) -> Self; }
    )* } }
    texts! { Chars => char; CharIndices => (usize, char); Bytes => u8; Lines => &'a str; SplitWhitespace => &'a str; }
    pub struct Split<'a, P> { text: &'a str, pattern: P }
    impl<'a, P: Pattern> Iterator for Split<'a, P> { type Item = &'a str; fn next(&mut self) -> Option<&'a str>; }
    impl str {
        pub fn len(&self) -> usize;
        pub fn is_empty(&self) -> bool;
        pub fn as_bytes(&self) -> &[u8];
        pub fn chars(&self) -> Chars<'_>;
        pub fn char_indices(&self) -> CharIndices<'_>;
        pub fn bytes(&self) -> Bytes<'_>;
        pub fn lines(&self) -> Lines<'_>;
        pub fn split_whitespace(&self) -> SplitWhitespace<'_>;
        pub fn contains<P: Pattern>(&self, pattern: P) -> bool;
        pub fn starts_with<P: Pattern>(&self, pattern: P) -> bool;
        pub fn ends_with<P: Pattern>(&self, pattern: P) -> bool;
        pub fn find<P: Pattern>(&self, pattern: P) -> Option<usize>;
        pub fn split<P: Pattern>(&self, pattern: P) -> Split<'_, P>;
        pub fn split_once<P: Pattern>(&self, pattern: P) -> Option<(&str, &str)>;
        pub fn rsplit_once<P: Pattern>(&self, pattern: P) -> Option<(&str, &str)>;
        pub fn trim(&self) -> &str;
        pub fn trim_start(&self) -> &str;
        pub fn trim_end(&self) -> &str;
        pub fn trim_matches<P: Pattern>(&self, pattern: P) -> &str;
        pub fn strip_prefix<P: Pattern>(&self, pattern: P) -> Option<&str>;
        pub fn strip_suffix<P: Pattern>(&self, pattern: P) -> Option<&str>;
        pub fn parse<F: FromStr>(&self) -> Result<F, F::Err>;
        pub fn get<I: crate::slice::SliceIndex<str>>(&self, index: I) -> Option<&I::Output>;
        pub fn split_at(&self, mid: usize) -> (&str, &str);
        pub fn eq_ignore_ascii_case(&self, other: &str) -> bool;
    }
}

pub mod num {
    pub struct ParseIntError;
    pub struct ParseFloatError;
    pub struct TryFromIntError;
    macro_rules! integers { ($($t:ident $u:ident $bits:literal;)*) => { $(
        impl $t {
            pub const MIN: $t = 0;
            pub const MAX: $t = 0;
            pub const BITS: u32 = $bits;
            pub fn pow(self, exponent: u32) -> $t;
            pub fn isqrt(self) -> $t;
            pub fn abs(self) -> $t;
            pub fn signum(self) -> $t;
            pub fn unsigned_abs(self) -> $u;
            pub fn abs_diff(self, other: $t) -> $u;
            pub fn div_euclid(self, other: $t) -> $t;
            pub fn rem_euclid(self, other: $t) -> $t;
            pub fn div_ceil(self, other: $t) -> $t;
            pub fn is_power_of_two(self) -> bool;
            pub fn count_ones(self) -> u32;
            pub fn leading_zeros(self) -> u32;
            pub fn trailing_zeros(self) -> u32;
            pub fn checked_add(self, other: $t) -> Option<$t>;
            pub fn checked_sub(self, other: $t) -> Option<$t>;
            pub fn checked_mul(self, other: $t) -> Option<$t>;
            pub fn checked_div(self, other: $t) -> Option<$t>;
            pub fn wrapping_add(self, other: $t) -> $t;
            pub fn wrapping_sub(self, other: $t) -> $t;
            pub fn wrapping_mul(self, other: $t) -> $t;
            pub fn saturating_add(self, other: $t) -> $t;
            pub fn saturating_sub(self, other: $t) -> $t;
            pub fn saturating_mul(self, other: $t) -> $t;
            pub fn from_str_radix(text: &str, radix: u32) -> Result<$t, ParseIntError>;
            pub fn rotate_left(self, n: u32) -> $t;
            pub fn ilog2(self) -> u32;
            pub fn ilog10(self) -> u32;
        }
    )* } }
    integers! { u8 u8 8; u16 u16 16; u32 u32 32; u64 u64 64; u128 u128 128; usize usize 64; i8 u8 8; i16 u16 16; i32 u32 32; i64 u64 64; i128 u128 128; isize usize 64; }
}

macro_rules! floats { ($($t:ident $bits:ident)*) => { $(
    pub mod $t {
        pub const MAX: $t = 0.0; pub const MIN: $t = 0.0; pub const EPSILON: $t = 0.0; pub const NAN: $t = 0.0; pub const INFINITY: $t = 0.0; pub const NEG_INFINITY: $t = 0.0;
        pub mod consts { pub const PI: $t = 0.0; pub const TAU: $t = 0.0; pub const E: $t = 0.0; pub const LN_2: $t = 0.0; pub const LN_10: $t = 0.0; pub const SQRT_2: $t = 0.0; }
    }
    impl $t {
        pub const MAX: $t = 0.0; pub const MIN: $t = 0.0; pub const MIN_POSITIVE: $t = 0.0; pub const EPSILON: $t = 0.0;
        pub const NAN: $t = 0.0; pub const INFINITY: $t = 0.0; pub const NEG_INFINITY: $t = 0.0;
        pub fn is_nan(self) -> bool; pub fn is_finite(self) -> bool; pub fn is_infinite(self) -> bool;
        pub fn is_sign_negative(self) -> bool; pub fn is_sign_positive(self) -> bool;
        pub fn max(self, other: $t) -> $t; pub fn min(self, other: $t) -> $t; pub fn clamp(self, low: $t, high: $t) -> $t;
        pub fn abs(self) -> $t; pub fn signum(self) -> $t; pub fn recip(self) -> $t; pub fn to_bits(self) -> $bits; pub fn from_bits(bits: $bits) -> $t;
        pub fn total_cmp(&self, other: &$t) -> crate::cmp::Ordering; pub fn midpoint(self, other: $t) -> $t;
        pub fn floor(self) -> $t; pub fn ceil(self) -> $t; pub fn round(self) -> $t; pub fn trunc(self) -> $t; pub fn fract(self) -> $t;
        pub fn sqrt(self) -> $t; pub fn cbrt(self) -> $t; pub fn powi(self, n: i32) -> $t; pub fn powf(self, n: $t) -> $t;
        pub fn exp(self) -> $t; pub fn exp2(self) -> $t; pub fn exp_m1(self) -> $t; pub fn ln(self) -> $t; pub fn ln_1p(self) -> $t;
        pub fn log(self, base: $t) -> $t; pub fn log2(self) -> $t; pub fn log10(self) -> $t; pub fn hypot(self, other: $t) -> $t;
        pub fn sin(self) -> $t; pub fn cos(self) -> $t; pub fn tan(self) -> $t; pub fn atan2(self, other: $t) -> $t; pub fn tanh(self) -> $t;
        pub fn mul_add(self, a: $t, b: $t) -> $t; pub fn rem_euclid(self, other: $t) -> $t; pub fn copysign(self, sign: $t) -> $t; pub fn to_radians(self) -> $t;
    }
)* } }
floats! { f32 u32 f64 u64 }

impl bool {
    pub fn then_some<T>(self, value: T) -> Option<T>;
    pub fn then<T, F: FnOnce() -> T>(self, f: F) -> Option<T>;
}
impl char {
    pub fn is_alphabetic(self) -> bool; pub fn is_numeric(self) -> bool; pub fn is_alphanumeric(self) -> bool; pub fn is_whitespace(self) -> bool;
    pub fn is_uppercase(self) -> bool; pub fn is_lowercase(self) -> bool; pub fn is_ascii_digit(&self) -> bool; pub fn is_ascii(&self) -> bool;
    pub fn to_digit(self, radix: u32) -> Option<u32>; pub fn from_digit(digit: u32, radix: u32) -> Option<char>;
    pub fn to_ascii_uppercase(&self) -> char; pub fn to_ascii_lowercase(&self) -> char; pub fn len_utf8(self) -> usize; pub fn from_u32(n: u32) -> Option<char>;
}

pub mod time {
    pub struct Duration { nanos: u64 }
    impl Duration {
        pub const ZERO: Duration = loop {};
        pub fn from_secs(n: u64) -> Duration; pub fn from_millis(n: u64) -> Duration; pub fn from_secs_f64(n: f64) -> Duration;
        pub fn as_secs(&self) -> u64; pub fn as_millis(&self) -> u128; pub fn as_micros(&self) -> u128; pub fn as_secs_f64(&self) -> f64;
    }
    impl Clone for Duration { fn clone(&self) -> Self; }
    impl Copy for Duration {}
    impl crate::ops::Add for Duration { type Output = Duration; fn add(self, other: Duration) -> Duration; }
    impl crate::ops::Sub for Duration { type Output = Duration; fn sub(self, other: Duration) -> Duration; }
    impl crate::fmt::Debug for Duration { fn fmt(&self, f: &mut crate::fmt::Formatter<'_>) -> crate::fmt::Result; }
}

pub mod error {
    pub trait Error: crate::fmt::Debug + crate::fmt::Display { fn source(&self) -> Option<&(dyn Error + 'static)> {} }
}
pub mod panic {
    pub struct AssertUnwindSafe<T>(pub T);
    pub auto trait UnwindSafe {}
    pub auto trait RefUnwindSafe {}
}
pub mod ffi { pub enum c_void {} }
pub mod sync {
    pub mod atomic {
        pub enum Ordering { Relaxed, Release, Acquire, AcqRel, SeqCst }
        pub struct AtomicUsize(usize); pub struct AtomicU64(u64); pub struct AtomicBool(bool);
    }
}

#[macro_use]
mod macros {
    #[macro_export]
    #[rustc_builtin_macro(core_panic)]
    macro_rules! panic { ($($arg:tt)*) => {}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! assert { ($($arg:tt)*) => {}; }
    #[macro_export]
    macro_rules! assert_eq { ($($arg:tt)*) => { () }; }
    #[macro_export]
    macro_rules! assert_ne { ($($arg:tt)*) => { () }; }
    #[macro_export]
    macro_rules! debug_assert { ($($arg:tt)*) => { () }; }
    #[macro_export]
    macro_rules! todo { ($($arg:tt)*) => { loop {} }; }
    #[macro_export]
    macro_rules! unimplemented { ($($arg:tt)*) => { loop {} }; }
    #[macro_export]
    macro_rules! unreachable { ($($arg:tt)*) => { loop {} }; }
    #[macro_export]
    macro_rules! matches {
        ($expression:expr, $pattern:pat $(if $guard:expr)? $(,)?) => { match $expression { $pattern $(if $guard)? => true, _ => false } };
    }
    #[macro_export]
    macro_rules! write { ($dst:expr, $($arg:tt)*) => { $dst.write_fmt($crate::format_args!($($arg)*)) }; }
    #[macro_export]
    macro_rules! writeln {
        ($dst:expr $(,)?) => { $crate::write!($dst, "\n") };
        ($dst:expr, $($arg:tt)*) => { $dst.write_fmt($crate::format_args!($($arg)*)) };
    }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! format_args { ($fmt:expr) => {{}}; ($fmt:expr, $($args:tt)*) => {{}}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! concat { ($($e:expr),* $(,)?) => {{}}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! stringify { ($($t:tt)*) => {}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! include_str { ($file:expr $(,)?) => {{}}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! include_bytes { ($file:expr $(,)?) => {{}}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! include { ($file:expr $(,)?) => {{}}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! env { ($($t:tt)*) => {{}}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! option_env { ($($t:tt)*) => {{}}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! cfg { ($($t:tt)*) => {}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! line { () => {}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! column { () => {}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! file { () => {}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! module_path { () => {}; }
    #[macro_export]
    #[rustc_builtin_macro]
    macro_rules! compile_error { ($($t:tt)*) => {{}}; }
    pub(crate) mod builtin {
        #[rustc_builtin_macro]
        pub macro derive($item:item) {}
        #[rustc_builtin_macro]
        pub macro test($item:item) {}
    }
}

pub mod prelude {
    pub mod v1 {
        pub use crate::{
            clone::Clone, cmp::{Eq, Ord, PartialEq, PartialOrd}, convert::{AsMut, AsRef, From, Into, TryFrom, TryInto},
            default::Default, fmt::derive::Debug, hash::derive::Hash,
            iter::{DoubleEndedIterator, ExactSizeIterator, Extend, FromIterator, IntoIterator, Iterator},
            macros::builtin::{derive, test}, marker::{Copy, Send, Sized, Sync, Unpin}, mem::{drop, size_of, size_of_val},
            ops::{Drop, Fn, FnMut, FnOnce}, option::Option::{self, None, Some}, result::Result::{self, Err, Ok},
            future::{Future, IntoFuture},
            assert, cfg, column, compile_error, concat, env, file, format_args, include, include_bytes, include_str, line, module_path, option_env, stringify,
        };
    }
    pub mod rust_2015 { pub use super::v1::*; }
    pub mod rust_2018 { pub use super::v1::*; }
    pub mod rust_2021 { pub use super::v1::*; }
    pub mod rust_2024 { pub use super::v1::*; }
}
#[prelude_import]
use prelude::v1::*;
