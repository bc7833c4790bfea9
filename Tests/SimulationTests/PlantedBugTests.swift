#if PLANTED_BUGS
    import Identifiers
    import Simulation
    import Testing

    /// That planted mistakes are found, where they are built in; `tools/planted` runs all of them.
    struct PlantedBugTests {
        private static func settings(_ planted: PlantedBug?) -> RunSettings {
            var settings = RunSettings()
            settings.faultMilliseconds = 4_000
            settings.planted = planted
            return settings
        }

        @Test(arguments: [PlantedBug.voteForgotten, .unorderedQuorum, .appliesUncommitted])
        func `a planted bug is found`(bug: PlantedBug) {
            let found = (1...5).contains { seed in
                !SimulatedRun(seed: UInt64(seed), settings: Self.settings(bug)).run().passed
            }
            #expect(found, "\(bug.rawValue)")
        }

        @Test(arguments: [1, 2] as [UInt64])
        func `with none chosen a run passes`(seed: UInt64) {
            let verdict = SimulatedRun(seed: seed, settings: Self.settings(nil)).run()
            #expect(verdict.violations.isEmpty, "seed \(seed)")
        }

        @Test
        func `a bug is active where it was chosen, and nowhere else`() {
            PlantedBug.$chosen.withValue(.voteTwice) {
                #expect(PlantedBug.voteTwice.isActive)
                #expect(!PlantedBug.voteForgotten.isActive)
            }
            #expect(!PlantedBug.voteTwice.isActive)
        }
    }
#endif
