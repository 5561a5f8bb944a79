import type { Deliveries, DeliveryRecord } from '../deliveries/delivery'
import { viewDelivery } from './delivery-routes'
import type { StreamEvent, StreamSource, Tell } from './event-stream'

/** The most events that are repeated to a client; one that has missed more reads the list. */
const MAX_MISSED = 500

/** Returns the source of a stream whose deliveries have ids; `follow` tells of what else happens. */
export function createDeliverySource(deliveries: Deliveries, follow: (tell: Tell) => () => void): StreamSource {
  return {
    subscribe(tell) {
      const stops = [deliveries.watch((record) => tell(toEvent(record))), follow(tell)]
      return () => {
        for (const stop of stops) stop()
      }
    },
    latestId: () => deliveries.latestId(),
    missed: (id) => deliveries.after(id, MAX_MISSED)?.map(toEvent),
  }
}

function toEvent(record: DeliveryRecord): StreamEvent {
  return { name: 'delivery', id: record.id, data: viewDelivery(record) }
}
