package import Codec
package import Identifiers

/// The newest sealed frames in memory, so that neither a follower that keeps up nor the apply thread
/// makes the disk read what was just written.
///
/// Holds a gapless run of frames up to a bound of bytes; the oldest leave first.
package struct FrameCache {
    private var frames: [SealedFrame] = []
    /// Frames before this place in `frames` have left; compacted now and then.
    private var start = 0
    /// Bytes of the frames that have left and are still held.
    private var leftBytes = 0
    private(set) var byteCount = 0
    private let byteLimit: Int

    package init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    /// Bytes of all frames that are held in memory: half as much again as the bound at the most, or
    /// one frame.
    package var heldBytes: Int {
        byteCount + leftBytes
    }

    /// Adds the next frame; a frame that does not follow the last one replaces everything.
    package mutating func append(_ frame: SealedFrame) {
        #if PLANTED_BUGS
            if PlantedBug.cacheSurvivesTruncation.isActive { return frames.append(frame) }
        #endif
        if let last = frames.last, last.header.lastIndex.next != frame.header.firstIndex {
            removeAll()
        }
        frames.append(frame)
        byteCount += frame.bytes.count
        while byteCount > byteLimit, start < frames.count - 1 {
            byteCount -= frames[start].bytes.count
            leftBytes += frames[start].bytes.count
            start += 1
        }
        if leftBytes > byteLimit / 2 || (start > 1_024 && start * 2 > frames.count) {
            frames.removeFirst(start)
            start = 0
            leftBytes = 0
        }
    }

    /// Forgets every frame that holds a record after `index`.
    package mutating func truncate(after index: LogIndex) {
        #if PLANTED_BUGS
            if PlantedBug.cacheSurvivesTruncation.isActive { return }
        #endif
        while frames.count > start, let last = frames.last, last.header.lastIndex > index {
            byteCount -= last.bytes.count
            frames.removeLast()
        }
    }

    package mutating func removeAll() {
        frames.removeAll()
        start = 0
        leftBytes = 0
        byteCount = 0
    }

    /// The frame that begins at `index`, if it is here.
    package subscript(firstIndex index: LogIndex) -> SealedFrame? {
        var low = start
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].header.firstIndex < index {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < frames.count, frames[low].header.firstIndex == index else { return nil }
        return frames[low]
    }
}
