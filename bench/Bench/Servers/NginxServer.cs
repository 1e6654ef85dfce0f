namespace Quota.Bench.Servers;

/// <summary>
/// nginx with <c>limit_req</c> on HTTP/2: the limiter of the proxy itself, without a call to anybody. It answers GET with a fixed
/// 43 bytes from memory (<c>return</c> would answer before the limiter is asked), reads no body and keeps no count on disk.
/// </summary>
internal static class NginxServer
{
    public const string Program = "nginx";
    public const string Path = "/";

    public static async Task<ServerProcess> StartAsync(string folder)
    {
        int port = ServerProcess.FreePort();
        string config = System.IO.Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(config, $$"""
            daemon off;
            worker_processes auto;
            pid {{folder}}/nginx.pid;
            error_log stderr crit;
            events { worker_connections 4096; }
            http {
                access_log off;
                client_body_temp_path {{folder}}/body;
                proxy_temp_path {{folder}}/proxy;
                fastcgi_temp_path {{folder}}/fastcgi;
                uwsgi_temp_path {{folder}}/uwsgi;
                scgi_temp_path {{folder}}/scgi;
                limit_req_zone $request_uri zone=keys:10m rate=1000000r/s;
                http2_max_concurrent_streams 512;
                keepalive_requests 1000000000;
                server {
                    listen 127.0.0.1:{{port}} http2;
                    location / {
                        limit_req zone=keys burst=1000000 nodelay;
                        empty_gif;
                    }
                }
            }
            """);
        ServerProcess server = ServerProcess.Start(Program, ["-p", folder, "-e", "stderr", "-c", config], port);
        await server.WaitForPortAsync();
        return server;
    }
}
