//! `cargo bench`: the generators at their defaults, and the metrics at 1 and 10 million events, in memory.

mod common;

use casebook::cases::{Part, ecommerce, mentor, notion, saas};
use casebook::chrono::TimeDelta;
use casebook::events::Window;
use casebook::metrics::activity;
use casebook::metrics::funnel::{Funnel, Step};
use casebook::metrics::paths::{self, Paths, Sequence};
use casebook::metrics::retention::{self, Rule};
use casebook::metrics::segment::{self, KMeans};
use casebook::polars::prelude::{col, lit};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn metrics(criterion: &mut Criterion) {
    for millions in [1, 10] {
        let size = millions * 1_000_000;
        let data = common::data(size);
        let features = common::features(&data.events).expect("features of made-up events");
        let mut group = criterion.benchmark_group("metrics");
        group.sample_size(10);
        group.throughput(Throughput::Elements(data.events.height() as u64));
        let id = |name: &str| BenchmarkId::new(name, format!("{millions}M"));
        group.bench_function(id("activity"), |b| {
            b.iter(|| activity::daily(&data.events, Window::default()))
        });
        let funnel =
            Funnel::new(["visit", "cart", "purchase"].map(Step::event)).window(TimeDelta::days(7));
        group.bench_function(id("funnel"), |b| b.iter(|| funnel.conversion(&data.events)));
        let visits = Paths::new("event").timeout(TimeDelta::minutes(30));
        group.bench_function(id("transitions"), |b| b.iter(|| visits.transitions(&data.events)));
        group.bench_function(id("sessionise"), |b| {
            b.iter(|| paths::sessionise(&data.events, TimeDelta::minutes(30), &[]));
        });
        group.bench_function(id("sessions"), |b| {
            b.iter(|| paths::sessions(&data.events, TimeDelta::minutes(30), Window::default()));
        });
        let kinds = ["visit", "cart", "purchase"].map(|kind| col("event").eq(lit(kind)));
        let pattern = Sequence::new("(?1)(?t<=604800)(?2)(?t<=604800)(?3)", kinds);
        let pattern = pattern.expect("a pattern over three conditions");
        group.bench_function(id("sequence"), |b| b.iter(|| pattern.share(&data.events)));
        let days = [1, 3, 7, 14, 30];
        group.bench_function(id("retention"), |b| {
            b.iter(|| retention::day_n(&data.users, &data.events, &days, Rule::OnDay));
        });
        group.bench_function(id("kmeans"), |b| {
            b.iter(|| {
                segment::kmeans(
                    &features,
                    &common::FEATURES,
                    &KMeans::default().init(common::start()),
                )
            });
        });
        group.finish();
    }
}

fn generators(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("generate");
    group.sample_size(10);
    group.bench_function("saas", |b| b.iter(|| saas::generate(&saas::Config::default())));
    group.bench_function("mentor", |b| b.iter(|| mentor::generate(&mentor::Config::default())));
    group.bench_function("ecommerce", |b| {
        b.iter(|| ecommerce::generate(&ecommerce::Config::default()));
    });
    group.bench_function("notion", |b| b.iter(|| notion::generate(&notion::Config::default())));
    // A million users a slice at a time, with mentors in proportion.
    let market = mentor::Market { mentors: 80_000, ..mentor::Market::default() };
    let million = mentor::Config { users: 1_000_000, market, ..mentor::Config::default() };
    group.bench_function("mentor, a million users", |b| {
        b.iter(|| mentor::batches(&million, Part::WHOLE).map(|slices| slices.flatten().count()));
    });
    group.finish();
}

criterion_group!(benches, generators, metrics);
criterion_main!(benches);
