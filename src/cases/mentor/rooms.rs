//! Which mentors have capacity, by field, and whom a request finds.

use std::cmp::Reverse;

use rand::RngExt;

use super::checked::{Checked, Purpose};
use super::config::TYPES;
use super::mentors::Mentor;
use super::person::{Person, Request};

/// Which mentors have capacity, by field.
pub(super) struct Rooms {
    pub mentors: Vec<Mentor>,
    mentees: Vec<u32>,
    free: [Vec<u32>; TYPES.len()],
    /// Each mentor's positions in the lists of the first and the second field.
    places: Vec<[usize; 2]>,
}

impl Rooms {
    pub fn new(mentors: Vec<Mentor>) -> Rooms {
        let mut rooms = Rooms {
            mentees: vec![0; mentors.len()],
            places: vec![[usize::MAX; 2]; mentors.len()],
            free: Default::default(),
            mentors,
        };
        for mentor in 0..rooms.mentors.len() {
            if rooms.mentors[mentor].accepted {
                rooms.enlist(mentor as u32);
            }
        }
        rooms
    }

    fn fields(&self, mentor: u32) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (first, second) = self.mentors[mentor as usize].fields;
        [Some(first), second].into_iter().flatten().map(usize::from).enumerate()
    }

    fn enlist(&mut self, mentor: u32) {
        for (which, field) in self.fields(mentor) {
            self.places[mentor as usize][which] = self.free[field].len();
            self.free[field].push(mentor);
        }
    }

    fn delist(&mut self, mentor: u32) {
        for (which, field) in self.fields(mentor) {
            let place = self.places[mentor as usize][which];
            self.free[field].swap_remove(place);
            if let Some(moved) = self.free[field].get(place).copied() {
                let (first, _) = self.mentors[moved as usize].fields;
                self.places[moved as usize][usize::from(usize::from(first) != field)] = place;
            }
        }
    }

    pub fn take(&mut self, mentor: u32) {
        self.mentees[mentor as usize] += 1;
        if self.mentees[mentor as usize] == self.mentors[mentor as usize].capacity {
            self.delist(mentor);
        }
    }

    pub fn release(&mut self, mentor: u32) {
        if self.mentees[mentor as usize] == self.mentors[mentor as usize].capacity {
            self.enlist(mentor);
        }
        self.mentees[mentor as usize] -= 1;
    }

    /// Lets those whom vetting rejected be mentors, too, and returns them.
    pub fn open(&mut self) -> Vec<u32> {
        let rejected: Vec<u32> = (0..self.mentors.len() as u32)
            .filter(|mentor| !self.mentors[*mentor as usize].accepted)
            .collect();
        rejected.iter().for_each(|mentor| self.enlist(*mentor));
        rejected
    }

    /// Tells whether a mentor has room for one more.
    pub fn has_room(&self, mentor: u32) -> bool {
        self.mentees[mentor as usize] < self.mentors[mentor as usize].capacity
    }

    /// Picks the best of a few random mentors with capacity whose price would be paid: first by whether the hour suits, then
    /// by score. So good mentors are busy, and others idle.
    pub fn choose(&self, checked: &Checked, person: &Person, request: &Request) -> Chosen {
        let free = &self.free[usize::from(person.field())];
        if free.is_empty() {
            return Chosen::Full;
        }
        let mut rng = checked.stream(Purpose::Shortlist, person);
        let shown =
            (0..checked.config.market.shortlist).map(|_| free[rng.random_range(0..free.len())]);
        let best =
            shown.filter(|mentor| self.pays(person, request, *mentor)).max_by_key(|mentor| {
                let found = &self.mentors[*mentor as usize];
                (found.suits(request.hour), found.score, Reverse(*mentor))
            });
        best.map_or(Chosen::TooExpensive, Chosen::Mentor)
    }

    /// Tells whether somebody would pay a mentor's price, or need not.
    pub fn pays(&self, person: &Person, request: &Request, mentor: u32) -> bool {
        request.commission.is_none() || person.willing >= self.mentors[mentor as usize].price_cents
    }
}

/// What a request finds.
pub(super) enum Chosen {
    /// A mentor.
    Mentor(u32),
    /// All mentors of the field are busy.
    Full,
    /// Every mentor shown costs more than the mentee would pay.
    TooExpensive,
}
