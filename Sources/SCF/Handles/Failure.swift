/// What a call of libscf may fail with, by libscf's numbers (*libscf.h*, `scf_error_t`).
package enum Failure: Int32, Error, Sendable, CaseIterable {
    case notBound = 1001
    case notSet = 1002
    case notFound = 1003
    case typeMismatch = 1004
    case inUse = 1005
    case connectionBroken = 1006
    case invalidArgument = 1007
    case noMemory = 1008
    case constraintViolated = 1009
    case exists = 1010
    case noServer = 1011
    case noResources = 1012
    case permissionDenied = 1013
    case backendAccess = 1014
    case handleMismatch = 1015
    case handleDestroyed = 1016
    case versionMismatch = 1017
    case backendReadonly = 1018
    case deleted = 1019
    case templateInvalid = 1020
    case callbackFailed = 1080
    case `internal` = 1101

    /// The number that stands for no failure.
    package static let none: Int32 = 1000

    /// The text of *scf_strerror* for any number.
    package static func text(_ number: Int32) -> StaticString {
        if number == none { return "no error" }
        guard let failure = Failure(rawValue: number) else { return "unknown error" }
        return failure.text
    }

    private var text: StaticString {
        switch self {
        case .notBound: "handle not bound"
        case .notSet: "cannot use unset argument"
        case .notFound: "entity not found"
        case .typeMismatch: "type does not match value"
        case .inUse: "cannot modify while in-use"
        case .connectionBroken: "connection to repository broken"
        case .invalidArgument: "invalid argument"
        case .noMemory: "no memory available"
        case .constraintViolated: "required constraint not met"
        case .exists: "object already exists"
        case .noServer: "repository server unavailable"
        case .noResources: "server has insufficient resources"
        case .permissionDenied: "insufficient privileges for action"
        case .backendAccess: "backend refused access"
        case .handleMismatch: "mismatched SCF handles"
        case .handleDestroyed: "object bound to destroyed handle"
        case .versionMismatch: "incompatible SCF version"
        case .backendReadonly: "backend is read-only"
        case .deleted: "object has been deleted"
        case .templateInvalid: "template data is invalid"
        case .callbackFailed: "user callback function failed"
        case .internal: "internal error"
        }
    }
}
