import Glibc
import IOCore
import SCF

// What every function of the interface does: pointers in, objects inside, numbers out.

/// An object of the interface as a C program holds it.
public typealias ObjectPointer = UnsafeMutableRawPointer

/// A text of a C program.
public typealias Text = UnsafePointer<CChar>

/// The error of each thread's last call that failed (*scf_error*).
enum LastError {
    /// The value of a thread is the number itself, so nothing has to be freed.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key, nil)
        precondition(code == 0, "pthread_key_create: error \(code)")
        return key
    }()

    static var number: Int32 {
        let value = unsafe Int(bitPattern: pthread_getspecific(key))
        return value == 0 ? Failure.none : Int32(truncatingIfNeeded: value)
    }

    static func set(_ failure: Failure) {
        _ = unsafe pthread_setspecific(
            key, UnsafeRawPointer(bitPattern: Int(failure.rawValue)))
    }

    /// For an answer that ends something without a failure.
    static func clear() {
        _ = pthread_setspecific(key, nil)
    }
}

/// Runs a call; -1 where it fails, and the thread's error says why.
func answer<Number: FixedWidthInteger & SignedInteger>(
    _ body: () throws(Failure) -> Number
) -> Number {
    do throws(Failure) {
        return try body()
    } catch {
        LastError.set(error)
        return -1
    }
}

/// Runs a call that answers 0 where it succeeds.
func perform(_ body: () throws(Failure) -> Void) -> CInt {
    answer { () throws(Failure) in
        try body()
        return 0
    }
}

/// Makes an object that the program owns until it destroys it; nil where that fails.
func make(_ body: () throws(Failure) -> AnyObject) -> ObjectPointer? {
    do throws(Failure) {
        return unsafe Unmanaged.passRetained(try body()).toOpaque()
    } catch {
        LastError.set(error)
        return nil
    }
}

/// The object at `pointer`; `invalidArgument` for NULL and for an object of another kind.
func object<Kind: AnyObject>(
    _ pointer: ObjectPointer?, _ kind: Kind.Type = Kind.self
) throws(Failure) -> Kind {
    guard let found = try unsafe optional(pointer, kind) else { throw .invalidArgument }
    return found
}

/// The object at `pointer`, nil for NULL; `invalidArgument` for an object of another kind.
func optional<Kind: AnyObject>(
    _ pointer: ObjectPointer?, _ kind: Kind.Type = Kind.self
) throws(Failure) -> Kind? {
    guard let pointer = unsafe pointer else { return nil }
    let found = unsafe Unmanaged<AnyObject>.fromOpaque(pointer).takeUnretainedValue()
    guard let found = found as? Kind else { throw .invalidArgument }
    return found
}

/// The handle of an object, for its `scf_…_handle`; NULL where it is destroyed.
func handlePointer(_ pointer: ObjectPointer?) -> ObjectPointer? {
    do throws(Failure) {
        let handle = try unsafe object(pointer, HandleObject.self).liveHandle()
        return unsafe Unmanaged.passUnretained(handle).toOpaque()
    } catch {
        LastError.set(error)
        return nil
    }
}

/// Gives up what the program owned.
func release(_ pointer: ObjectPointer?) {
    if let pointer = unsafe pointer {
        unsafe Unmanaged<AnyObject>.fromOpaque(pointer).release()
    }
}

/// Gives up what the program owned, by the object itself.
func release(_ object: AnyObject) {
    unsafe Unmanaged.passUnretained(object).release()
}

/// The text at `pointer`; `invalidArgument` for NULL.
func text(_ pointer: Text?) throws(Failure) -> String {
    guard let pointer = unsafe pointer else { throw .invalidArgument }
    return unsafe String(cString: pointer)
}

/// The bytes of the text at `pointer`.
func bytes(_ pointer: Text?) throws(Failure) -> [UInt8] {
    guard let pointer = unsafe pointer else { throw .invalidArgument }
    let count = unsafe strlen(pointer)
    return unsafe UnsafeRawBufferPointer(start: pointer, count: count).map { $0 }
}

/// A size of C: one that no memory has stands for "enough".
func room(_ size: Int) -> Int {
    size < 0 ? .max : size
}

/// Copies as *strlcpy* does; the length that the whole would have.
func copy(_ text: [UInt8], to buffer: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
    let size = room(size)
    guard size > 0, let buffer = unsafe buffer else { return text.count }
    let taken = min(text.count, size - 1)
    for place in 0..<taken {
        unsafe buffer[place] = CChar(bitPattern: text[place])
    }
    unsafe buffer[taken] = 0
    return text.count
}

/// The same for a text.
func copy(_ text: String, to buffer: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
    unsafe copy(Array(text.utf8), to: buffer, size)
}

/// Stores a result where the program wants it, if it does.
func store<Result>(_ result: Result, in place: UnsafeMutablePointer<Result>?) {
    if let place = unsafe place { unsafe place.pointee = result }
}

/// The live handle at `pointer`, for an object of it; `invalidArgument`, `handleDestroyed`.
func parent(_ pointer: ObjectPointer?) throws(Failure) -> Handle {
    let handle = try unsafe object(pointer, Handle.self)
    if handle.isDestroyed { throw .handleDestroyed }
    return handle
}
