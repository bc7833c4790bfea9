import Glibc
import IOCore
import Properties
import SCF

// scf_handle_create(3SCF), scf_error(3SCF), scf_limit(3SCF), scf_handle_decode_fmri(3SCF)

@c(scf_error) public func scfError() -> Int32 {
    LastError.number
}

@c(scf_strerror) public func scfStrerror(_ number: Int32) -> Text? {
    let text = Failure.text(number)
    return unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

@c(scf_limit) public func scfLimit(_ number: UInt32) -> Int {
    answer { () throws(Failure) in
        switch Int32(bitPattern: number) {
        case -2000: NameRules.nameBytes
        case -2001: PropertyValue.textBytes
        case -2002: NameRules.nameBytes
        case -2003: NameRules.fmriBytes
        default: throw .invalidArgument
        }
    }
}

/// A handle whose way to the cluster is TCP.
func makeHandle(version: UInt) throws(Failure) -> Handle {
    try Handle(version: version) { (endpoints) throws(Failure) in
        try ClusterLink(
            endpoints, callMilliseconds: CallTime.milliseconds(trustedEnvironment))
    }
}

/// secure_getenv(3), which the C library's module does not show to Swift.
private let secureVariable: @convention(c) (UnsafePointer<CChar>) -> UnsafePointer<CChar>? = {
    guard let symbol = unsafe dlsym(nil, "secure_getenv") else {
        preconditionFailure("the C library has no secure_getenv")
    }
    return unsafe unsafeBitCast(
        symbol, to: (@convention(c) (UnsafePointer<CChar>) -> UnsafePointer<CChar>?).self)
}()

/// A variable of the environment, unless the program has another's rights.
///
/// Such a one does not let its caller choose the server, whatever it has made of its rights since.
func trustedEnvironment(_ name: String) -> String? {
    guard let value = unsafe secureVariable(name) else { return nil }
    return unsafe String(cString: value)
}

@c(scf_handle_create) public func scfHandleCreate(_ version: UInt) -> ObjectPointer? {
    unsafe make { () throws(Failure) in try makeHandle(version: version) }
}

@c(scf_handle_destroy) public func scfHandleDestroy(_ handle: ObjectPointer?) {
    if let found = try? unsafe object(handle, Handle.self) {
        // Where its objects keep it, a second time is ignored.
        if found.destroy() { unsafe release(handle) }
    }
}

@c(scf_handle_bind) public func scfHandleBind(_ handle: ObjectPointer?) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(handle, Handle.self).bind(environment: trustedEnvironment)
    }
}

@c(scf_handle_unbind) public func scfHandleUnbind(_ handle: ObjectPointer?) -> CInt {
    perform { () throws(Failure) in try unsafe object(handle, Handle.self).unbind() }
}

@c(scf_handle_decorate) public func scfHandleDecorate(
    _ handle: ObjectPointer?, _ name: Text?, _ value: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        try unsafe object(handle, Handle.self).decorate(text(name), optional(value))
    }
}

@c(scf_handle_get_scope) public func scfHandleGetScope(
    _ handle: ObjectPointer?, _ name: Text?, _ target: ObjectPointer?
) -> CInt {
    perform { () throws(Failure) in
        let scope = try unsafe object(target, Scope.self)
        guard scope.handle === (try unsafe object(handle, Handle.self)) else {
            throw .handleMismatch
        }
        try unsafe scope.lookUp(text(name))
    }
}

@c(scf_handle_decode_fmri) public func scfHandleDecodeFMRI(
    _ handle: ObjectPointer?, _ fmri: Text?, _ scope: ObjectPointer?, _ service: ObjectPointer?,
    _ instance: ObjectPointer?, _ group: ObjectPointer?, _ property: ObjectPointer?,
    _ flags: CInt
) -> CInt {
    perform { () throws(Failure) in
        let objects = DecodedObjects(
            scope: try unsafe optional(scope), service: try unsafe optional(service),
            instance: try unsafe optional(instance), group: try unsafe optional(group),
            property: try unsafe optional(property))
        try unsafe object(handle, Handle.self).decode(
            text(fmri), objects, DecodeFlags(rawValue: flags))
    }
}
