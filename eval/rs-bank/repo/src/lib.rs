use std::sync::Mutex;

/// Accounts that threads share.
pub struct Bank {
    accounts: Vec<Mutex<i64>>,
    transfers: Mutex<u64>,
}

impl Bank {
    pub fn new(accounts: usize, cents: i64) -> Bank {
        Bank {
            accounts: (0..accounts).map(|_| Mutex::new(cents)).collect(),
            transfers: Mutex::new(0),
        }
    }

    /// False when there is not enough, or one of them does not exist.
    pub fn transfer(&self, from: usize, to: usize, cents: i64) -> bool {
        if from == to || from >= self.accounts.len() || to >= self.accounts.len() || cents <= 0 {
            return false;
        }
        let mut source = self.accounts[from].lock().unwrap();
        let mut target = self.accounts[to].lock().unwrap();
        if *source < cents {
            return false;
        }
        *source -= cents;
        *target += cents;
        *self.transfers.lock().unwrap() += 1;
        true
    }

    /// What all accounts hold, one after the other; transfers may go on meanwhile.
    pub fn estimate(&self) -> i64 {
        let mut sum = 0;
        for account in &self.accounts {
            sum += *account.lock().unwrap();
        }
        sum
    }
}
