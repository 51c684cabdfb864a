package dev.touchstone.radio

/**
 * Keeps below the number of scans Android allows an app to begin: the sixth within 30 seconds is refused, on many versions without a word.
 *
 * All times in milliseconds since any origin.
 */
internal class ScanPacer {
    private val starts = ArrayDeque<Long>()

    /** How long to wait before beginning a scan at [now]; 0 when it may begin at once. */
    fun wait(now: Long): Long {
        while (starts.isNotEmpty() && now - starts.first() >= WINDOW) starts.removeFirst()
        return if (starts.size < ALLOWED) 0 else starts.first() + WINDOW - now
    }

    /** A scan was begun at [now]. */
    fun begun(now: Long) {
        starts.addLast(now)
    }

    /** The system says that it was too often after all: wait a whole window from [now]. */
    fun refused(now: Long) {
        starts.clear()
        repeat(ALLOWED) { starts.addLast(now) }
    }

    internal companion object {
        const val ALLOWED: Int = 5
        const val WINDOW: Long = 30_000
    }
}
