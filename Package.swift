// swift-tools-version: 6.2
import PackageDescription

/// The rules every Swift target is compiled under (STYLE: one shared list).
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Every access is checked in debug builds, which run all tests; in what is shipped the checks
    // took a tenth of the instructions.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// Mistakes put in on purpose, for the simulation to find; never in what is shipped.
let planted: [SwiftSetting] =
    Context.environment["LOCKSTEP_PLANTED_BUGS"] == "1" ? [.define("PLANTED_BUGS")] : []

/// Links Swift's libraries into a program or library, and no more of them than it calls.
let ownRuntime = ["-static-stdlib", "-use-ld=lld", "-Xlinker", "--gc-sections"]

/// What is shipped brings Swift's libraries along: a node needs no toolchain, and calls into the
/// runtime, which are most of what short transactions do, go straight to it.
///
/// Tests share their process with libraries that bring their own, so they do without (`tools/test`).
let shipped: [LinkerSetting] =
    Context.environment["LOCKSTEP_SHARED_RUNTIME"] == "1"
    ? []
    : [
        .unsafeFlags(
            ownRuntime + [
                // What Foundation's own archives call for, which linking to its libraries implies.
                "-lCoreFoundation", "-l_FoundationCollections", "-l_FoundationCShims",
                "-l_FoundationICU",
            ], .when(configuration: .release))
    ]

/// A Swift target of the project, in `Sources` unless `path` says otherwise.
func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil,
    exclude: [String] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: path, exclude: exclude,
        swiftSettings: strict + planted)
}

/// The tests of one target, in `Tests/<name>Tests`.
func tests(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name)] + dependencies,
        resources: resources, swiftSettings: strict + planted)
}

let package = Package(
    name: "lockstep",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "lockstepd", targets: ["LockstepDaemon"]),
        .executable(name: "lockstep", targets: ["LockstepCLI"]),
        .executable(name: "lockstep-torture", targets: ["Torture"]),
        .executable(name: "lockstep-simulate", targets: ["LockstepSimulate"]),
        .library(name: "scf", type: .dynamic, targets: ["LibSCF"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // Floor 0: what stands on nothing.
        .systemLibrary(
            name: "CLibuv", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(
            name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(
            name: "CRocksDB", pkgConfig: "rocksdb", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(
            name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .target(name: "CChecksum"),
        .target(name: "CTerminal"),
        .target(name: "CDirectIO"),
        module("Identifiers"),
        // Floor 1: values and seams.
        module("Codec", ["Identifiers", "CChecksum"]),
        module("Digests", ["Identifiers", "Codec", "COpenSSL"]),
        module("IOCore", ["Identifiers"]),
        module("Raft", ["Identifiers"]),
        module("JSON"),
        module("Wording"),
        module("KeyValue", ["Identifiers"]),
        // Floor 2: one mechanism each.
        module("Compression", ["Identifiers", "Codec", "Digests", "CZstd"]),
        module("RocksEngine", ["Identifiers", "IOCore", "IOPosix", "KeyValue", "CRocksDB"]),
        module("Transactions", ["Identifiers", "Codec"]),
        module(
            "Stores", ["Identifiers", "Codec", "Digests", "KeyValue", "JSON", "Transactions"]),
        module("WAL", ["Identifiers", "IOCore", "Codec", "Digests", "Compression"]),
        module("IOLibuv", ["Identifiers", "IOCore", "CLibuv"]),
        module("IOPosix", ["Identifiers", "IOCore", "CDirectIO"]),
        module("IOBlocking", ["Identifiers", "IOCore"]),
        tests("Identifiers"),
        tests("Codec", ["Identifiers", "Digests"]),
        tests("IOCore", ["Identifiers"]),
        tests("Raft", ["Identifiers"]),
        tests("JSON"),
        tests("Wording"),
        tests("KeyValue", ["Identifiers"]),
        tests("Compression", ["Identifiers", "Codec", "Digests"]),
        tests("RocksEngine", ["Identifiers", "KeyValue"]),
        tests(
            "Transactions", ["Identifiers", "Codec", "Digests", "KeyValue", "JSON", "Stores"]),
        tests("WAL", ["Identifiers", "IOCore", "IOPosix", "Codec", "Compression"]),
        tests("IOLibuv", ["Identifiers", "IOCore", "IOPosix"]),
        tests("IOPosix", ["Identifiers", "IOCore"]),
        tests("IOBlocking", ["Identifiers", "IOCore", "IOLibuv", "IOPosix"]),
        // Floor 3: what a transaction does.
        module("Properties", ["Identifiers", "Codec", "JSON", "Transactions"]),
        module(
            "PropertyStorage",
            [
                "Identifiers", "Codec", "KeyValue", "JSON", "Transactions", "Stores", "Properties",
            ]),
        module(
            "Triggers",
            [
                "Identifiers", "Codec", "KeyValue", "JSON", "Wording", "Transactions", "Stores",
            ]),
        module(
            "Replication",
            [
                "Identifiers", "Codec", "Digests", "IOCore", "Raft", "KeyValue", "Compression",
                "Transactions", "Stores", "WAL",
                .product(name: "Logging", package: "swift-log"),
            ]),
        module("Wire", ["Identifiers", "Codec", "Transactions"]),
        tests(
            "Properties",
            [
                "Identifiers", "Codec", "KeyValue", "JSON", "Transactions", "Stores",
                "PropertyStorage",
            ]),
        tests(
            "Triggers", ["Identifiers", "Codec", "KeyValue", "JSON", "Transactions", "Stores"]),
        tests(
            "Replication",
            [
                "Identifiers", "Codec", "IOCore", "Raft", "KeyValue", "Compression",
                "Transactions", "Stores", "WAL", "Simulation",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests("Wire", ["Identifiers", "Codec", "Transactions"]),
        // Floor 4: one protocol each.
        module("Sessions", ["Identifiers", "Codec", "Transactions", "Wire"]),
        module(
            "Peers",
            [
                "Identifiers", "Codec", "IOCore", "Replication", "Transactions", "Wire",
                .product(name: "Logging", package: "swift-log"),
            ]),
        module("Client", ["Identifiers", "Codec", "IOCore", "Transactions", "Wire"]),
        module(
            "Lockstep",
            [
                "Identifiers", "Codec", "IOCore", "IOLibuv", "Transactions", "Properties",
                "PropertyStorage", "Triggers", "Wire", "Client",
                .product(name: "Logging", package: "swift-log"),
            ]),
        module(
            "SCF",
            [
                "Identifiers", "Codec", "IOCore", "IOBlocking", "Transactions", "Properties",
                "Wire", "Client",
            ]),
        module("Manifests", ["Properties", "Wording", "CLibXML2"]),
        tests("Sessions", ["Identifiers", "Codec", "Transactions", "Wire"]),
        tests(
            "SCF",
            [
                "Identifiers", "Codec", "IOCore", "KeyValue", "Transactions", "Stores",
                "Properties", "PropertyStorage", "Wire", "Client",
            ]),
        tests(
            "Peers",
            [
                "Identifiers", "Codec", "IOCore", "IOLibuv", "Replication", "Transactions",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "Lockstep",
            [
                "Identifiers", "Codec", "IOCore", "IOLibuv", "KeyValue", "Transactions",
                "Properties", "PropertyStorage", "Triggers", "Wire", "Client", "Sessions",
            ]),
        tests(
            "Manifests", ["Identifiers", "Properties"], resources: [.copy("Examples")]),
        // Floor 5: one node.
        module(
            "Node",
            [
                "Identifiers", "Codec", "IOCore", "KeyValue", "Raft", "Transactions", "Stores",
                "Properties", "PropertyStorage", "Triggers", "Replication", "Peers", "Sessions",
                "Wire", "WAL",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "Node",
            [
                "Identifiers", "Codec", "IOCore", "IOLibuv", "IOPosix", "KeyValue", "Transactions",
                "Stores", "Properties", "PropertyStorage", "Triggers", "Replication", "Client",
                "Lockstep", "SCF", "Wire", "WAL", "Simulation",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "LibSCF",
            dependencies: ["IOCore", "Properties", "SCF"], exclude: ["include", "libscf.map"],
            swiftSettings: strict,
            linkerSettings: [
                .unsafeFlags(
                    ownRuntime + [
                        "-Xlinker", "--icf=all", "-Xlinker",
                        "-soname=libscf.so.1", "-Xlinker",
                        "--version-script=\(Context.packageDirectory)/Sources/LibSCF/libscf.map",
                    ])
            ]),
        // Beside the house: whole nodes in one process, on a world made from a seed.
        module(
            "Simulation",
            [
                "Identifiers", "Codec", "Digests", "IOCore", "KeyValue", "Raft", "Transactions",
                "Stores", "Properties", "PropertyStorage", "WAL", "Triggers", "Replication", "Wire",
                "Node", "Client",
                .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "Simulation",
            [
                "Identifiers", "Codec", "Digests", "IOCore", "IOPosix", "KeyValue", "Properties",
                "PropertyStorage", "Replication", "RocksEngine", "Transactions", "Stores",
                "Triggers", "WAL", "Node",
                .product(name: "Logging", package: "swift-log"),
            ]),
        // Floor 6: arguments and wiring.
        .executableTarget(
            name: "LockstepDaemon",
            dependencies: [
                "Identifiers", "Codec", "Digests", "IOCore", "IOLibuv", "IOPosix", "KeyValue",
                "RocksEngine", "Raft", "Transactions", "Stores", "Properties", "PropertyStorage",
                "Triggers", "Replication", "WAL", "Wire",
                "Node", "Configuration", "LogOutput",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict, linkerSettings: shipped),
        // Beside the house: what looks after it.
        module("Histories", ["IOCore", "JSON"], path: "cluster/histories"),
        tests("Histories", ["IOCore", "Identifiers"]),
        .executableTarget(
            name: "Torture",
            dependencies: [
                "Codec", "Histories", "IOCore", "IOPosix", "Identifiers", "JSON", "Lockstep",
                "Transactions", "Wire", "TextOutput",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "cluster/torture", swiftSettings: strict, linkerSettings: shipped),
        tests(
            "Torture",
            [
                "Codec", "Histories", "IOCore", "Identifiers", "JSON", "Lockstep", "Transactions",
                "Wire",
            ]),
        .executableTarget(
            name: "LockstepSimulate",
            dependencies: [
                "IOCore", "IOPosix", "Identifiers", "JSON", "TextOutput", "Simulation", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict + planted, linkerSettings: shipped),
        tests(
            "LockstepSimulate",
            ["Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        .executableTarget(
            name: "ApplyBench",
            dependencies: [
                "Identifiers", "Codec", "IOCore", "IOPosix", "Compression", "KeyValue",
                "RocksEngine",
                "Transactions", "Stores", "Properties", "PropertyStorage", "Triggers",
                "Replication",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], path: "tools/apply", swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        // Floors 4 and 5: what the executables stand on.
        module(
            "Configuration",
            [
                "Identifiers", "Codec", "IOCore", "Wording",
                .product(name: "Yams", package: "Yams"),
            ]),
        tests("Configuration", ["Identifiers", "Codec", "IOCore"]),
        module("DebianControl"),
        module("TextOutput"),
        module("LogOutput", ["JSON", .product(name: "Logging", package: "swift-log")]),
        .executableTarget(
            name: "LockstepCLI",
            dependencies: [
                "Identifiers", "Codec", "IOCore", "IOLibuv", "IOPosix", "KeyValue", "RocksEngine",
                "Transactions", "Stores", "WAL", "Replication", "Wire", "Properties",
                "PropertyStorage", "Manifests", "Client",
                "Lockstep", "JSON", "TextOutput", "Wording", "DebianControl", "CTerminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict, linkerSettings: shipped),
        tests("DebianControl", ["Identifiers"]),
        tests("TextOutput"),
        tests("LogOutput", ["JSON", .product(name: "Logging", package: "swift-log")]),
        tests(
            "LockstepDaemon",
            [
                "Configuration", "Identifiers", "IOCore", "IOPosix", "KeyValue", "Replication",
                "WAL",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        tests(
            "LockstepCLI",
            [
                "Identifiers", "Codec", "KeyValue", "Transactions", "Stores", "Properties",
                "PropertyStorage", "Manifests", "JSON", "IOCore", "Lockstep",
            ]),
    ]
)

// Fuzzing links only with its sanitizer, so it is a target only where it is asked for; see
// tools/fuzz-run.
if Context.environment["LOCKSTEP_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: [
                "Identifiers", "Codec", "Compression", "Transactions", "Wire", "Raft", "WAL",
                "Replication", "DebianControl", "Properties", "PropertyStorage", "Triggers",
                "Manifests", "JSON", "IOCore", "IOPosix", "Node", "Configuration", "KeyValue",
            ],
            path: "tools/fuzz",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
}

// A build for some of the tests has their targets and what those stand on, and nothing else; see
// tools/test --only.
if let names = Context.environment["LOCKSTEP_TESTS"] {
    var kept: Set<String> = []
    var reached = names.split(separator: " ").map { "\($0)Tests" }
    while let name = reached.popLast() {
        guard kept.insert(name).inserted else { continue }
        for dependency in package.targets.first(where: { $0.name == name })?.dependencies ?? [] {
            if case .byNameItem(let name, _) = dependency { reached.append(name) }
        }
    }
    package.targets.removeAll { !kept.contains($0.name) }
    package.products.removeAll()
}
