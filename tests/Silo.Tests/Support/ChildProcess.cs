using System.Diagnostics;
using System.Text;

namespace Quota.Silo.Tests.Support;

/// <summary>A process of ours that a test starts, reads from and always ends.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Lock _gate = new();
    private readonly List<(Func<string, bool> IsIt, TaskCompletionSource<string> Line)> _awaited = [];

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    /// <summary>Everything it has printed, both streams.</summary>
    public string Output
    {
        get
        {
            lock (_gate)
            {
                return _output.ToString();
            }
        }
    }

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Starts an assembly that stands beside the tests' own.</summary>
    public static ChildProcess StartAssembly(string assembly, params string[] arguments) =>
        Start("dotnet", [Path.Combine(AppContext.BaseDirectory, assembly), .. arguments]);

    public static ChildProcess Start(string program, IEnumerable<string> arguments, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "" };
        var child = new ChildProcess(new Process { StartInfo = start });
        child._process.OutputDataReceived += (_, e) => child.Take(e.Data);
        child._process.ErrorDataReceived += (_, e) => child.Take(e.Data);
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>The first line that starts with this text; fails with the whole output if none comes in time.</summary>
    public Task<string> WaitForLineAsync(string start, TimeSpan timeout) => WaitAsync(start, line => line.StartsWith(start, StringComparison.Ordinal), timeout);

    /// <summary>The first line that contains this text; fails with the whole output if none comes in time.</summary>
    public Task<string> WaitForTextAsync(string text, TimeSpan timeout) => WaitAsync(text, line => line.Contains(text, StringComparison.Ordinal), timeout);

    private async Task<string> WaitAsync(string text, Func<string, bool> isIt, TimeSpan timeout)
    {
        TaskCompletionSource<string> line = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            string? seen = _output.ToString().Split('\n').FirstOrDefault(isIt);
            if (seen is not null)
            {
                return seen;
            }
            _awaited.Add((isIt, line));
        }
        Task ended = _process.WaitForExitAsync();
        Task first = await Task.WhenAny(line.Task, ended, Task.Delay(timeout));
        if (first != line.Task)
        {
            throw new TimeoutException($"no line \"{text}\" ({(first == ended ? "the process ended" : "timed out")}):\n{Output}");
        }
        return await line.Task;
    }

    public async Task<int> WaitForExitAsync(TimeSpan timeout)
    {
        using var cancel = new CancellationTokenSource(timeout);
        try
        {
            await _process.WaitForExitAsync(cancel.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"the process goes on:\n{Output}");
        }
        return _process.ExitCode;
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    /// <summary>Sends a signal by its name: TERM, INT, HUP.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }
        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            return;
        }
        lock (_gate)
        {
            _output.Append(line).Append('\n');
            foreach ((Func<string, bool> isIt, TaskCompletionSource<string> awaited) in _awaited)
            {
                if (isIt(line))
                {
                    awaited.TrySetResult(line);
                }
            }
        }
    }
}
