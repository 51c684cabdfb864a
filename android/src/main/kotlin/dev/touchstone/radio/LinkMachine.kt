package dev.touchstone.radio

import java.util.ArrayDeque

/** What a GATT client is asked to do; `false` when the system does not even begin. Answers come to [LinkMachine]. */
internal interface Gatt {
    fun connect(): Boolean
    fun requestMtu(mtu: Int): Boolean
    fun discover(): Boolean

    /** Whether there is exactly one Touchstone service with its two characteristics. */
    fun hasService(): Boolean
    fun subscribe(): Boolean
    fun write(fragment: ByteArray): WriteStart

    /** Ends the connection and frees what belongs to it; nothing may be asked afterwards. */
    fun close()
}

/** How a write began. */
internal enum class WriteStart { Begun, Busy, Failed }

/** Why a link is not there. */
internal enum class LinkEnd { Lost, NoService }

/** What a link tells; each on the thread that the machine runs on. */
internal interface LinkEvents {
    /** Ready for fragments of at most [fragmentSize] bytes. Once, first. */
    fun opened(fragmentSize: Int)
    fun received(fragment: ByteArray)

    /** The link is gone, or did not come to be. Once, last. */
    fun ended(end: LinkEnd)
}

/** Runs something later on the machine's own thread. */
internal fun interface Later {
    fun after(milliseconds: Long, action: () -> Unit)
}

/**
 * One connection, from connecting to its end. Android allows one GATT operation at a time and answers some of them never: each is begun when the one
 * before has been answered, and has a deadline.
 *
 * Not synchronised: everything, answers included, happens on one thread. Whatever comes after the end is ignored.
 */
internal class LinkMachine(private val gatt: Gatt, private val events: LinkEvents, private val later: Later) {
    private enum class State { New, Connecting, Mtu, Discovering, Subscribing, Open, Ended }

    private var state = State.New
    private var mtu = SMALLEST_MTU
    private var step = 0
    private val writes = ArrayDeque<ByteArray>()
    private var writing = false
    private var closing = false

    fun connect() {
        check(state == State.New) { "a link is connected once" }
        begin(State.Connecting, CONNECT_DEADLINE, { end(LinkEnd.Lost) }) { gatt.connect() }
    }

    fun connected(success: Boolean) {
        if (state == State.Ended) return
        if (!success) return end(LinkEnd.Lost)
        if (state != State.Connecting) return
        // Without an answer, or with a refusal, the smallest size serves; a connection is worth more than its speed.
        begin(State.Mtu, MTU_DEADLINE, ::discover) { gatt.requestMtu(LARGEST_MTU) }
    }

    /** Also called when the other side asks for another size; only the answer before the link opens counts. */
    fun mtuChanged(mtu: Int, success: Boolean) {
        if (success && state < State.Open) this.mtu = mtu
        if (state == State.Mtu) discover()
    }

    private fun discover() = begin(State.Discovering, STEP_DEADLINE, { end(LinkEnd.Lost) }) { gatt.discover() }

    fun discovered(success: Boolean) {
        if (state != State.Discovering) return
        if (!success) return end(LinkEnd.Lost)
        if (!gatt.hasService()) return end(LinkEnd.NoService)
        begin(State.Subscribing, STEP_DEADLINE, { end(LinkEnd.Lost) }) { gatt.subscribe() }
    }

    fun subscribed(success: Boolean) {
        if (state != State.Subscribing) return
        if (!success) return end(LinkEnd.Lost)
        step++
        state = State.Open
        events.opened(fragmentSize(mtu))
    }

    fun notified(fragment: ByteArray) {
        // A device may speak as soon as it is subscribed to; before that it is not the subscription that speaks.
        if (state == State.Subscribing) subscribed(true)
        if (state == State.Open && !closing) events.received(fragment)
    }

    fun write(fragment: ByteArray) {
        if (state != State.Open || closing) return
        writes.addLast(fragment)
        if (!writing) writeNext(BUSY_TRIES)
    }

    fun written(success: Boolean) {
        if (state != State.Open || !writing) return
        if (!success) return end(LinkEnd.Lost)
        writing = false
        step++
        writes.removeFirst()
        when {
            writes.isNotEmpty() -> writeNext(BUSY_TRIES)
            closing -> close()
        }
    }

    private fun writeNext(tries: Int) {
        val fragment = writes.peekFirst() ?: return
        writing = true
        when (gatt.write(fragment)) {
            WriteStart.Begun -> deadline(STEP_DEADLINE) { end(LinkEnd.Lost) }
            WriteStart.Busy -> if (tries > 0) deadline(BUSY_PAUSE) { writeNext(tries - 1) } else end(LinkEnd.Lost)
            WriteStart.Failed -> end(LinkEnd.Lost)
        }
    }

    /** The system says that the connection is gone, for whatever reason. */
    fun disconnected() = end(LinkEnd.Lost)

    /** The owner of the link does not want it any more: what it has handed over is still written, and nothing is told to it afterwards. */
    fun finish() {
        closing = true
        if (!writing) close()
    }

    private fun end(end: LinkEnd) {
        if (state == State.Ended) return
        val told = closing
        close()
        if (!told) events.ended(end)
    }

    private fun close() {
        if (state == State.Ended) return
        state = State.Ended
        writes.clear()
        gatt.close()
    }

    private fun begin(next: State, milliseconds: Long, otherwise: () -> Unit, operation: () -> Boolean) {
        state = next
        deadline(milliseconds, otherwise)
        val mine = step
        if (!operation() && mine == step) otherwise()
    }

    /** Does [action] unless something else has begun or ended by then. */
    private fun deadline(milliseconds: Long, action: () -> Unit) {
        val mine = ++step
        later.after(milliseconds) { if (mine == step && state != State.Ended) action() }
    }

    internal companion object {
        const val SMALLEST_MTU: Int = 23
        const val LARGEST_MTU: Int = 517
        private const val ATT_OVERHEAD = 5
        private const val SMALLEST_FRAGMENT = 18
        private const val LARGEST_FRAGMENT = 512

        /** Android itself gives up a connection attempt after 30 s; nobody waits that long for one device. */
        const val CONNECT_DEADLINE: Long = 20_000
        const val MTU_DEADLINE: Long = 3_000
        const val STEP_DEADLINE: Long = 10_000
        const val BUSY_PAUSE: Long = 20
        const val BUSY_TRIES: Int = 100

        /** docs/PROTOCOL.md section 1: `min(ATT_MTU - 5, 512)`, never below 18. */
        fun fragmentSize(mtu: Int): Int = (mtu - ATT_OVERHEAD).coerceIn(SMALLEST_FRAGMENT, LARGEST_FRAGMENT)
    }
}
