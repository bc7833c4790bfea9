#if PLANTED_BUGS
    /// A classic mistake that is in the code on purpose, to see whether the simulation finds it.
    ///
    /// Present only where the manifest is read with `LOCKSTEP_PLANTED_BUGS=1`. At most one is active
    /// at a time, in what its task or thread does; the article on planted bugs has the whole list.
    package enum PlantedBug: String, CaseIterable, Sendable {
        /// A vote is answered before it is on disk.
        case voteBeforeDurable = "vote-before-durable"
        /// The term is written without the vote, so that a restart forgets it.
        case voteForgotten = "vote-forgotten"
        /// Any candidate of the term gets the vote.
        case voteTwice = "vote-twice"
        /// A candidate gets the vote whatever its log lacks.
        case voteForShorterLog = "vote-for-shorter-log"
        /// The longer log is taken for the newer one, whatever its last term.
        case logComparedByLength = "log-compared-by-length"
        /// A candidate counts itself before its own vote is on disk.
        case campaignBeforeOwnVote = "campaign-before-own-vote"
        /// Half of an even number of voters counts as a majority.
        case quorumOfHalf = "quorum-of-half"
        /// In a joint change the new voters alone decide.
        case jointQuorumOneSided = "joint-quorum-one-sided"
        /// Learners count for the commit.
        case learnerCounted = "learner-counted"
        /// The commit index is taken from the middle of an unsorted list.
        case unorderedQuorum = "unordered-quorum"
        /// A membership whose record was cut off stays in force.
        case membershipSurvivesTruncation = "membership-survives-truncation"
        /// An empty directory under an old name votes and acknowledges.
        case wipedNodeVotes = "wiped-node-votes"
        /// A node that cannot read a part of its log votes and stands.
        case damagedNodeVotes = "damaged-node-votes"
        /// A follower acknowledges frames before they are on disk.
        case acknowledgeBeforeSync = "acknowledge-before-sync"
        /// The log is written without fdatasync.
        case syncLeftOut = "sync-left-out"
        /// The names of new segments are not made durable.
        case directorySyncLeftOut = "directory-sync-left-out"
        /// A start takes the log that a killed process has left in the page cache for what is on the disk.
        case unsyncedLogTrusted = "unsynced-log-trusted"
        /// The leader counts itself for what it has not synced.
        case leaderCountsUnsynced = "leader-counts-unsynced"
        /// A record of an old term is committed by counting.
        case oldTermCommitted = "old-term-committed"
        /// A follower takes the leader's commit index over what it has matched.
        case commitBeyondMatch = "commit-beyond-match"
        /// The leader takes what it has sent for what is there.
        case matchOnSending = "match-on-sending"
        /// Frames are accepted behind any record of the right index.
        case previousTermUnchecked = "previous-term-unchecked"
        /// Frames that are there already are cut off and written again.
        case truncatesWithoutConflict = "truncates-without-conflict"
        /// A finished write counts for records that have replaced what it wrote.
        case staleDurableIndex = "stale-durable-index"
        /// What is durable is applied, committed or not.
        case appliesUncommitted = "applies-uncommitted"
        /// Frames that were cut off stay in memory and are applied.
        case cacheSurvivesTruncation = "cache-survives-truncation"
        /// A leader answers reads without asking whether it still leads.
        case readUnconfirmed = "read-unconfirmed"
        /// A new leader answers reads before it has committed in its term.
        case readBeforeOwnCommit = "read-before-own-commit"
        /// A leader answers reads by a lease that nobody checks after a pause.
        case readByStaleLease = "read-by-stale-lease"
        /// Two questions for a read index have the same name.
        case readNonceReused = "read-nonce-reused"
        /// A read does not wait until its index is applied.
        case readBeforeApplied = "read-before-applied"
        /// A follower reads at its own commit index instead of the leader's.
        case readAtLocalCommit = "read-at-local-commit"
        /// Whatever follows a bad checksum is taken for torn and cut off.
        case truncateAtBadChecksum = "truncate-at-bad-checksum"
        /// A frame from a peer fills a damaged place without its digest being compared.
        case repairUnverified = "repair-unverified"
        /// The log is compacted up to what is applied, flushed or not.
        case compactionPastFlush = "compaction-past-flush"
        /// The log makes room for a snapshot before that has taken over.
        case logResetBeforeSnapshot = "log-reset-before-snapshot"
        /// An installed snapshot takes over before it is on disk.
        case snapshotNotSynced = "snapshot-not-synced"
        /// A snapshot that the log goes beyond resets the log.
        case snapshotDropsTail = "snapshot-drops-tail"
        /// A snapshot keeps a log that has another record at its end.
        case snapshotKeepsConflict = "snapshot-keeps-conflict"
        /// The session table is empty after a snapshot.
        case snapshotResetsSessions = "snapshot-resets-sessions"
        /// Effects first, the applied position in a later batch: applied twice after a crash.
        case positionAfterEffects = "position-after-effects"
        /// The applied position first, the effects in a later batch: lost in a crash.
        case positionBeforeEffects = "position-before-effects"
        /// Outcomes of the last frames are not read back at a start.
        case outcomesLostAtRestart = "outcomes-lost-at-restart"
        /// A request that comes again is executed again.
        case retryExecuted = "retry-executed"
        /// The leader's wall clock ends sessions, and nobody checks it.
        case expiryByLocalClock = "expiry-by-local-clock"
        /// What is stored depends on how many frames are applied at once.
        case stateByTurn = "state-by-turn"
        /// A trigger's cursor moves before its program has run.
        case cursorBeforeEffect = "cursor-before-effect"
        /// A program that has failed is not run again.
        case failedDeliverySkipped = "failed-delivery-skipped"
        /// Changes are dropped before the triggers have seen them.
        case feedTrimmedEarly = "feed-trimmed-early"

        /// The one that is active here; nil for none.
        @TaskLocal package static var chosen: PlantedBug?

        package var isActive: Bool {
            Self.chosen == self
        }
    }
#endif
