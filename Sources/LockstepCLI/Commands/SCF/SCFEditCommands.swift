import ArgumentParser
import Properties

private let assignmentHelp = """
    VALUE is one word, or in double quotes, in which a backslash takes the next character as it is; \
    several stand in parentheses: '("a b" c)', and () is none. The shell takes one pair of quotes \
    away. A blank stands behind TYPE: and options stand in front.
    """

struct SCFSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "setprop", abstract: "Set the type and the values of a property.",
        usage: "lockstep scf setprop [-s FMRI] GROUP/PROPERTY = [TYPE:] VALUE",
        discussion: "Without TYPE: the property keeps its own; a new one wants one. "
            + assignmentHelp)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup var selection: SelectionOptions

    @Argument(parsing: .captureForPassthrough, help: "GROUP/PROPERTY = [TYPE:] VALUE")
    var words: [String]

    func run() async throws {
        let assignment = try PropertyAssignment(assignment: words)
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await selection.path(assignment.target, "property", in: repository) {
                $0.property != nil
            }
            return try await GroupEditing(in: repository)
                .set(path, type: assignment.type, assignment.values)
        }
        try cluster.showDone(index, "set")
    }
}

struct SCFAddValueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "addpropvalue", abstract: "Append values to a property.",
        usage: "lockstep scf addpropvalue [-s FMRI] GROUP/PROPERTY [TYPE:] VALUE",
        discussion: "With TYPE: makes a property that is not there. " + assignmentHelp)

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup var selection: SelectionOptions

    @Argument(parsing: .captureForPassthrough, help: "GROUP/PROPERTY [TYPE:] VALUE")
    var words: [String]

    func run() async throws {
        let addition = try PropertyAssignment(addition: words)
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await selection.path(addition.target, "property", in: repository) {
                $0.property != nil
            }
            return try await GroupEditing(in: repository)
                .append(path, type: addition.type, addition.values)
        }
        try cluster.showDone(index, "added")
    }
}

struct SCFDeleteValueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delpropvalue",
        abstract: "Delete the values of a property that fit a pattern.",
        discussion: "Exits with 1 where none does.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup var selection: SelectionOptions

    @Flag(name: .shortAndLong, help: "Nothing is wrong where no value fits.")
    var force = false

    @Argument(help: "The property's path, or GROUP/PROPERTY with -s.") var property: String
    @Argument(help: "What the values' texts must fit: * any characters, ? one, [a-z] one of a set.")
    var pattern: String

    func run() async throws {
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await selection.path(property, "property", in: repository) {
                $0.property != nil
            }
            return try await GroupEditing(in: repository)
                .deleteValues(path, matching: pattern, isForced: force)
        }
        try cluster.showDone(index, "deleted")
    }
}

struct SCFDeletePropertyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delprop", abstract: "Delete a property, or a whole group.")

    @OptionGroup(title: "Cluster") var cluster: ClusterOptions
    @OptionGroup var selection: SelectionOptions
    @Argument(help: "The path of it, or GROUP[/PROPERTY] with -s.") var property: String

    func run() async throws {
        let index = try await cluster.withRepository {
            (repository) async throws(RepositoryFailure) in
            let path = try await selection.path(
                property, "property or property group", in: repository
            ) { _ in true }
            return try await GroupEditing(in: repository).delete(path)
        }
        try cluster.showDone(index, "deleted")
    }
}
