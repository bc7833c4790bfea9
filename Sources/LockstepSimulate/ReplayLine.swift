package import Simulation

#if PLANTED_BUGS
    import Identifiers
#endif

/// The command that runs one seed once more, with the same settings.
package enum ReplayLine {
    /// What `--only` is given where no fault is needed.
    static let noFaults = "none"

    /// The command for `seed` under `settings`, with the faults of these numbers or all of its own.
    package static func text(
        _ seed: UInt64, _ settings: RunSettings, only: [Int]? = nil
    ) -> String {
        let plain = RunSettings()
        var words = ["lockstep-simulate", "--seed", "\(seed)"]
        if settings.faultMilliseconds != plain.faultMilliseconds {
            words += ["--fault-seconds", "\(settings.faultMilliseconds / 1_000)"]
        }
        if settings.keepsFounders || settings.founders != plain.founders {
            words += ["--nodes", "\(settings.founders)"]
        }
        if let think = settings.thinkMilliseconds { words += ["--think-milliseconds", "\(think)"] }
        if settings.isCalm { words.append("--calm") }
        if settings.disksLie { words.append("--disks-lie") }
        #if PLANTED_BUGS
            if let bug = settings.planted { words += ["--planted", bug.rawValue] }
        #endif
        if let only {
            let numbers = only.map(String.init).joined(separator: ",")
            words += ["--only", only.isEmpty ? noFaults : numbers]
        }
        return words.joined(separator: " ")
    }
}
