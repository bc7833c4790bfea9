import Properties

/// Names as a program gives them; the two ways in which one can be wrong are told at different times.
enum Names {
    /// Throws `invalidArgument` for a name that no buffer of libscf's has room for.
    static func requireLength(_ names: String...) throws(Failure) {
        guard names.allSatisfy({ $0.utf8.count <= NameRules.nameBytes }) else {
            throw .invalidArgument
        }
    }

    /// Throws `invalidArgument` for a name that is none.
    static func require(_ name: String, as kind: NameRules.Kind) throws(Failure) {
        guard NameRules.isValid(name, as: kind) else { throw .invalidArgument }
    }
}
