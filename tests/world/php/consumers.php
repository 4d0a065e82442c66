<?php
// PHP's readers of event streams, behind the fuzz protocol: `php consumers.php symfony/http-client`.
//
// Text goes out in base64, because json_encode() refuses bytes that are not UTF-8.

require '/usr/share/php/Symfony/Component/HttpClient/autoload.php';

use Symfony\Component\HttpClient\Chunk\ServerSentEvent;
use Symfony\Component\HttpClient\EventSourceHttpClient;
use Symfony\Component\HttpClient\MockHttpClient;
use Symfony\Component\HttpClient\Response\MockResponse;

function symfony(array $chunks): array
{
    $given = -1;
    $body = (function () use ($chunks, &$given) {
        foreach ($chunks as $given => $chunk) {
            yield $chunk;  // '' would be a timeout
        }
    })();
    $response = new MockResponse($body, ['response_headers' => ['content-type: text/event-stream']]);
    $client = new EventSourceHttpClient(new MockHttpClient($response));
    $events = [];
    foreach ($client->stream($client->connect('https://example.org/')) as $chunk) {
        if ($chunk instanceof ServerSentEvent) {
            $events[] = [
                'data_base64' => base64_encode($chunk->getData()),
                'event_base64' => base64_encode($chunk->getType()),
                'id_base64' => base64_encode($chunk->getId()),
            ];
        }
    }

    return $events;
}

while (false !== $line = fgets(STDIN)) {
    $request = json_decode($line, true);
    if (isset($request['hello'])) {
        $answer = ['hello' => 1, 'name' => $argv[1], 'role' => 'consumer', 'ids' => 'own',
            'without' => ['retry', 'empty-chunk']];  // it can't tell a retry of 0 from none
    } else {
        try {
            $answer = ['n' => $request['n'], 'events' => symfony(array_map('base64_decode', $request['chunks']))];
        } catch (Throwable $error) {
            $answer = ['n' => $request['n'], 'error' => get_class($error).': '.$error->getMessage()];
        }
    }
    echo json_encode($answer), "\n";
    flush();
}
