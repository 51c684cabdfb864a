package dev.touchstone.radio

import android.annotation.SuppressLint
import android.app.Activity
import android.bluetooth.BluetoothDevice
import android.bluetooth.BluetoothManager
import android.bluetooth.le.BluetoothLeScanner
import android.bluetooth.le.ScanCallback
import android.bluetooth.le.ScanFilter
import android.bluetooth.le.ScanResult
import android.bluetooth.le.ScanSettings
import android.content.Context
import android.content.pm.PackageManager
import android.location.LocationManager
import android.os.Build
import android.os.ParcelUuid
import android.os.SystemClock
import android.provider.Settings
import dev.touchstone.SystemDoors
import dev.touchstone.ffi.HostException
import dev.touchstone.ffi.HostRadio
import dev.touchstone.ffi.LinkFault
import dev.touchstone.ffi.RadioHost
import dev.touchstone.ffi.RadioState
import java.lang.ref.WeakReference
import java.util.concurrent.Executors
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.ScheduledExecutorService
import java.util.concurrent.TimeUnit

/**
 * Android's Bluetooth as the SDK's radio: scans at low latency for the Touchstone service alone, connects over LE only, asks for the largest MTU and goes
 * on without it, and does one GATT operation at a time.
 *
 * Everything happens on one thread of its own; neither the SDK's nor Bluetooth's threads wait for it.
 */
@SuppressLint("MissingPermission") // Looked for before each use; it can be taken away at any moment, so SecurityException is caught as well.
internal class AndroidRadio(context: Context) : RadioHost, SystemDoors {
    private val context = context.applicationContext
    private val thread: ScheduledExecutorService = Executors.newSingleThreadScheduledExecutor { work ->
        Thread(work, "touchstone-radio").apply { isDaemon = true }
    }
    private val adapter = context.getSystemService(BluetoothManager::class.java)?.adapter
    private val pacer = ScanPacer()
    private val seen = HashMap<String, BluetoothDevice>()
    private val links = HashMap<ULong, LinkMachine>()
    private var scan: ULong? = null
    private var callback: ScanCallback? = null
    private var requests = HashMap<ULong, Obstacle>()

    @Volatile
    private var refused = false

    @Volatile
    private var host = WeakReference<Activity>(null)

    /** The SDK's end; set once, before anything is asked. */
    lateinit var radio: HostRadio

    /** Whose dialogs are opened. */
    override fun hostedBy(activity: Activity?) {
        host = WeakReference(activity)
    }

    override fun state(): RadioState = stateOf(obstacle())

    private fun obstacle() = Access.obstacle(phone(), refused)

    private fun phone() = Phone(
        api = Build.VERSION.SDK_INT,
        hasBluetooth = adapter != null && context.packageManager.hasSystemFeature(PackageManager.FEATURE_BLUETOOTH_LE),
        granted = Access.permissions(Build.VERSION.SDK_INT).all {
            context.checkSelfPermission(it) == PackageManager.PERMISSION_GRANTED
        },
        bluetoothOn = adapter?.isEnabled == true,
        locationOn = locationOn(),
    )

    private fun locationOn(): Boolean = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
        context.getSystemService(LocationManager::class.java)?.isLocationEnabled == true
    } else {
        @Suppress("DEPRECATION")
        val mode = Settings.Secure.getInt(context.contentResolver, Settings.Secure.LOCATION_MODE, Settings.Secure.LOCATION_MODE_OFF)
        @Suppress("DEPRECATION")
        mode != Settings.Secure.LOCATION_MODE_OFF
    }

    override fun requestAccess(request: ULong) {
        val obstacle = obstacle()
        val door = Access.door(obstacle)
        val activity = host.get()
        if (door == null || activity == null) return onThread { radio.answered(request, stateOf(obstacle)) }
        onThread { requests[request] = obstacle }
        activity.runOnUiThread {
            // Answered by returned(), when the window has the focus again.
            if (!Doors.open(activity, door, Build.VERSION.SDK_INT)) onThread(::answer)
        }
        // A question that the system answers itself opens no window, and so gives the focus back to none.
        later(NO_DIALOG) { activity.runOnUiThread { if (activity.hasWindowFocus()) onThread(::answer) } }
    }

    /** The window has the focus again: whatever was open is closed. */
    override fun returned() = onThread(::answer)

    private fun answer() {
        val asked = requests
        if (asked.isEmpty()) return
        requests = HashMap()
        val permissionAsked = asked.values.any { it == Obstacle.Permission || it == Obstacle.Location }
        if (permissionAsked) refused = !phone().granted
        val now = state()
        asked.keys.forEach { radio.answered(it, now) }
    }

    override fun startScan(scan: ULong) = onThread {
        endScan()
        this.scan = scan
        val wait = pacer.wait(now())
        if (wait == 0L) beginScan(scan) else later(wait) { if (this.scan == scan) beginScan(scan) }
    }

    private fun beginScan(mine: ULong) {
        val scanner = adapter?.bluetoothLeScanner
        if (scanner == null) return scanEnded(mine)
        val heard = object : ScanCallback() {
            override fun onScanResult(callbackType: Int, result: ScanResult) = onThread { sighted(mine, result) }

            override fun onBatchScanResults(results: List<ScanResult>) = onThread { results.forEach { sighted(mine, it) } }

            override fun onScanFailed(errorCode: Int) = onThread { failed(mine, errorCode) }
        }
        callback = heard
        pacer.begun(now())
        try {
            scanner.startScan(listOf(filter()), settings(), heard)
        } catch (_: SecurityException) {
            scanEnded(mine)
        } catch (_: IllegalStateException) {
            // Bluetooth was switched off meanwhile.
            scanEnded(mine)
        }
    }

    private fun filter(): ScanFilter = ScanFilter.Builder().setServiceUuid(ParcelUuid(AndroidGatt.SERVICE)).build()

    private fun settings(): ScanSettings = ScanSettings.Builder()
        .setScanMode(ScanSettings.SCAN_MODE_LOW_LATENCY)
        .setCallbackType(ScanSettings.CALLBACK_TYPE_ALL_MATCHES)
        .setReportDelay(0)
        .build()

    private fun sighted(mine: ULong, result: ScanResult) {
        if (scan != mine) return
        // Filtered again: some phones ignore the filter.
        val data = result.scanRecord?.getServiceData(ParcelUuid(AndroidGatt.SERVICE)) ?: return
        val address = result.device.address
        // The object of the scan knows the kind of the address; one made from the address alone does not.
        seen[address] = result.device
        radio.sighting(mine, address, result.rssi.toShort(), data)
    }

    private fun failed(mine: ULong, code: Int) {
        if (scan != mine || code == ScanCallback.SCAN_FAILED_ALREADY_STARTED) return
        callback = null
        if (code == SCAN_FAILED_TOO_FREQUENTLY) {
            pacer.refused(now())
            later(ScanPacer.WINDOW) { if (scan == mine) beginScan(mine) }
        } else {
            scanEnded(mine)
        }
    }

    private fun scanEnded(mine: ULong) {
        scan = null
        callback = null
        radio.scanEnded(mine)
    }

    override fun stopScan(scan: ULong) = onThread { if (this.scan == scan) endScan() }

    private fun endScan() {
        scan = null
        val heard = callback ?: return
        callback = null
        val scanner: BluetoothLeScanner = adapter?.bluetoothLeScanner ?: return
        try {
            scanner.stopScan(heard)
        } catch (_: SecurityException) {
            // Without the permission there is no scan left to stop.
        } catch (_: IllegalStateException) {
            // Nor with Bluetooth off.
        }
    }

    override fun connect(link: ULong, peripheral: String) = onThread {
        val device = seen[peripheral] ?: return@onThread radio.lost(link, LinkFault.Lost)
        val gatt = AndroidGatt(context, device) { work -> onThread { work.run() } }
        val machine = LinkMachine(gatt, Told(link), ::later)
        gatt.machine = machine
        links[link] = machine
        machine.connect()
    }

    override fun write(link: ULong, fragment: ByteArray) = onThread { links[link]?.write(fragment) }

    override fun disconnect(link: ULong) = onThread { links.remove(link)?.finish() }

    /** What a link tells, as answers to the SDK. */
    private inner class Told(private val link: ULong) : LinkEvents {
        override fun opened(fragmentSize: Int) = radio.connected(link, fragmentSize.toUInt())

        override fun received(fragment: ByteArray) = radio.received(link, fragment)

        override fun ended(end: LinkEnd) {
            links.remove(link)
            radio.lost(
                link,
                when (end) {
                    LinkEnd.Lost -> LinkFault.Lost
                    LinkEnd.NoService -> LinkFault.NoService
                },
            )
        }
    }

    private fun later(milliseconds: Long, action: () -> Unit) {
        thread.schedule(action, milliseconds, TimeUnit.MILLISECONDS)
    }

    private fun onThread(work: () -> Unit) {
        try {
            thread.execute(work)
        } catch (error: RejectedExecutionException) {
            throw HostException.Failed(error.toString())
        }
    }

    private fun now() = SystemClock.elapsedRealtime()

    private companion object {
        /** `ScanCallback.SCAN_FAILED_SCANNING_TOO_FREQUENTLY`, which older frameworks send without naming it. */
        const val SCAN_FAILED_TOO_FREQUENTLY = 6

        /** By then a dialog that opens at all is open. */
        const val NO_DIALOG = 2_000L

        fun stateOf(obstacle: Obstacle): RadioState = when (obstacle) {
            Obstacle.None -> RadioState.ON
            Obstacle.Missing -> RadioState.MISSING
            Obstacle.Permission -> RadioState.NEEDS_PERMISSION
            Obstacle.Location -> RadioState.NEEDS_LOCATION
            Obstacle.Blocked -> RadioState.BLOCKED
            Obstacle.BluetoothOff -> RadioState.OFF
            Obstacle.LocationOff -> RadioState.LOCATION_OFF
        }
    }
}
