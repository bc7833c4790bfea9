import LockstepCLI
import Properties
import Testing

/// What names of services and instances stand for.
@Suite struct EntityPatternTests {
    @Test func `services and instances are named whole, by their ends and by patterns`()
        async throws
    {
        let services = try await ServiceFixture()
        #expect(try await services.find("svc:/net/http") == ["svc:/net/http"])
        #expect(try await services.find("svc:/none:x") == ["svc:/none:x"])
        #expect(try await services.find("svc:net/http:a") == ["svc:/net/http:a"])
        #expect(try await services.find("svc://localhost/net/http:a") == ["svc:/net/http:a"])
        #expect(try await services.find("svc://localhost/net/*:a") == ["svc:/net/http:a"])
        #expect(try await services.find("svc:///net/*") == ["svc:/net/http"])
        #expect(try await services.find("svc:net/*") == ["svc:/net/http"])
        #expect(try await services.find("http") == ["svc:/net/http", "svc:/old/http"])
        #expect(try await services.find("net/http:a") == ["svc:/net/http:a"])
        #expect(try await services.find("http:a") == ["svc:/net/http:a", "svc:/old/http:a"])
        #expect(try await services.find(":b") == ["svc:/net/http:b"])
        #expect(try await services.find("ttp") == [])
        #expect(try await services.find("*tt*") == ["svc:/net/http", "svc:/old/http"])
        #expect(try await services.find("svc:/net/*:[b-z]") == ["svc:/net/http:b"])
        #expect(
            try await services.find("http", prefersInstances: true)
                == ["svc:/net/http:a", "svc:/net/http:b", "svc:/old/http:a"])
        #expect(try await services.find("bare", prefersInstances: true) == ["svc:/bare"])
    }

    @Test(arguments: ["svc://other/net/http:a", "svc://other/net/*"])
    func `what is in another scope is not there`(_ text: String) {
        let failure = #expect(throws: CommandFailure.self) { try EntityPattern(text) }
        #expect(failure?.exit == .negative)
        #expect(failure?.text == "there is no scope other; all services are in localhost")
    }

    @Test(arguments: ["", "svc:/", "svc:", "svc://localhost", "svc:/a b", "a:", "svc:/9a", "/"])
    func `what can name nothing is refused`(_ text: String) {
        let failure = #expect(throws: CommandFailure.self) { try EntityPattern(text) }
        #expect(failure?.exit == .usage)
    }

    @Test func `the one that is meant must be one, and there`() async throws {
        let services = try await ServiceFixture()
        #expect(
            try await services.repository.findOne(EntityPattern("old/http:a")).description
                == "svc:/old/http:a")
        for (text, message) in [
            ("http", "http fits 2 services and instances: svc:/net/http, svc:/old/http"),
            ("nothing", "no service or instance fits nothing"),
            ("svc:/net/http:c", "there is no svc:/net/http:c"),
        ] {
            let failure = await #expect(throws: RepositoryFailure.self) {
                try await services.repository.findOne(try EntityPattern(text))
            }
            #expect(failure?.command.text.hasPrefix(message) == true, "\(text)")
            #expect(failure?.command.exit == .negative)
        }
    }

    @Test(arguments: ["svc:/net/http:a/:properties/c", "svc:/bare/:properties/c/p"])
    func `what is meant for a service is not done where a property is named`(
        _ text: String
    ) async throws {
        let services = try await ServiceFixture()
        for failure in [
            await #expect(throws: RepositoryFailure.self) {
                try await services.repository.findOne(try EntityPattern(text))
            },
            await #expect(throws: RepositoryFailure.self) {
                try await services.repository.find(try EntityPattern(text))
            },
        ] {
            #expect(failure?.command.exit == .usage)
            #expect(failure?.command.text.contains("delpg and delprop delete the former") == true)
        }
        let failure = #expect(throws: CommandFailure.self) { try EntityPattern.whole(text) }
        #expect(failure?.exit == .usage)
        #expect(try EntityPattern.whole("svc:/net/http:a").description == "svc:/net/http:a")
    }

    @Test func `what is made under a short name is no abbreviation of another`() async throws {
        let services = try await ServiceFixture()
        let repository = services.repository
        for (text, path) in [
            ("new", "svc:/new"), ("svc:/http", "svc:/http"), ("bare", "svc:/bare"),
            ("bare:i", "svc:/bare:i"),
        ] {
            #expect(try await repository.pathToMake(text).description == path)
        }
        let failure = await #expect(throws: RepositoryFailure.self) {
            try await repository.pathToMake("http")
        }
        #expect(
            failure?.command.text
                == "http stands for svc:/net/http; write svc:/http whole to make that")
        for text in ["1", "a b", "*", "svc:/", "a/:properties/g"] {
            let failure = await #expect(throws: RepositoryFailure.self) {
                try await repository.pathToMake(text)
            }
            #expect(failure?.command.exit == .usage)
            let told = failure?.command.text ?? ""
            #expect(told.contains("write svc:/SERVICE[:INSTANCE]; a name is"))
        }
    }
}
