import Foundation
import TouchstoneFFI

/// One stretch of a vibration or a sound, in seconds.
public struct Beat: Equatable, Sendable {
    /// The pitches that sound together, in hertz; none in a vibration.
    public let hertz: [Double]
    /// How long it lasts.
    public let on: TimeInterval
    /// How long it rests afterwards.
    public let off: TimeInterval
}

extension Haptic {
    /// What the motor does.
    var beats: [Beat] {
        let lengths = vibration(haptic: self).map { TimeInterval($0) / 1000 }
        return stride(from: 0, to: lengths.count - 1, by: 2).map { Beat(hertz: [], on: lengths[$0], off: lengths[$0 + 1]) }
    }
}

extension Earcon {
    /// What the speaker plays.
    var beats: [Beat] {
        notes(earcon: self).map { note in
            Beat(hertz: note.hertz.map(Double.init), on: TimeInterval(note.on) / 1000, off: TimeInterval(note.off) / 1000)
        }
    }
}

/// The shape of a short sound, as samples of a WAV file.
enum Wave {
    /// Samples in a second.
    static let rate = 22_050
    /// A note that begins or ends at once would click.
    private static let fade = rate / 100
    private static let loudness = 0.4

    /// A WAV file of these notes: one channel, 16 bits.
    static func file(_ beats: [Beat]) -> Data {
        let samples = samples(beats)
        let size = UInt32(samples.count * 2)
        var file = Data()
        file.append(contentsOf: Array("RIFF".utf8))
        file.append(little: 36 + size)
        file.append(contentsOf: Array("WAVEfmt ".utf8))
        file.append(little: UInt32(16))
        file.append(little: UInt16(1))
        file.append(little: UInt16(1))
        file.append(little: UInt32(rate))
        file.append(little: UInt32(rate * 2))
        file.append(little: UInt16(2))
        file.append(little: UInt16(16))
        file.append(contentsOf: Array("data".utf8))
        file.append(little: size)
        for sample in samples {
            file.append(little: UInt16(bitPattern: sample))
        }
        return file
    }

    static func samples(_ beats: [Beat]) -> [Int16] {
        beats.flatMap { beat in
            let count = Int(beat.on * Double(rate))
            let tone = (0..<count).map { index in
                let time = Double(index) / Double(rate)
                let sum = beat.hertz.reduce(0) { $0 + sin(2 * .pi * $1 * time) }
                let edge = Double(min(index, count - 1 - index, fade)) / Double(fade)
                return Int16(sum / Double(max(beat.hertz.count, 1)) * edge * loudness * Double(Int16.max))
            }
            return tone + Array(repeating: 0, count: Int(beat.off * Double(rate)))
        }
    }
}

extension Data {
    fileprivate mutating func append<T: FixedWidthInteger>(little value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
