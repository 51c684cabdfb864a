package dev.touchstone.example

import android.app.Activity
import android.os.Bundle
import android.os.Handler
import android.os.Looper
import dev.touchstone.ui.ConnectButton
import java.util.concurrent.Executor
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/** One screen with one button. */
class MainActivity : Activity() {
    private val main = Handler(Looper.getMainLooper())
    private val scope = CoroutineScope(SupervisorJob() + Executor(main::post).asCoroutineDispatcher())

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.main)
        val button = findViewById<ConnectButton>(R.id.connect)
        scope.launch { button.attempt = (application as ExampleApplication).attempt().await() }
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }
}
